# SPDX-License-Identifier: BSD-2-Clause

# nginx with the API of ngx_simulcast, a Redis, an ingest over TLS and the
# platforms that name it: what the tests of platforms begin with.
#
#   my $s = Test::Live::Simulcast->new(settings => { twitch => {...} });
#   $s->t; $s->p; $s->redis; $s->ingest
#
#   my $r = $s->api(GET => 'destinations', undef, token => $s->token('all'));
#   data($r)                    of a success, else undef and a diagnosis
#   said($r)                    '200', or '400 invalid_field settings.title'
#
#   my $id = $s->account('youtube', stream => 'alice', title => 'T', ...);
#                               auth-url, consent, exchange, settings
#   my ($code, $state) = $s->consent('youtube');
#   my $r = $s->exchange('youtube', code => $code, state => $state);
#   $s->settings($id, title => 'T')
#   $s->start($id); $s->stop($id)   one destination; stop waits
#   $s->destination($id)        as the API shows it; its {error}{code}
#   $s->status($id), $s->health($id)    of simulcast/{its stream}/...
#   $s->becomes($id, sub { $_->{status} eq 'live' }, 'name')    a test
#   $s->fails($id, 'token_revoked', 'name')     a test: and its message
#   my $e = $s->goes_out($key, 'name')  a test; the ingest's event, publish
#   my $e = $s->leaves($e)      how this connection ended
#   $s->quiet($seconds, 'youtube.')     the requests made meanwhile
#   $s->together($n, sub { ... })   that often at once, each in a process of
#                               its own; how many returned false
#
# new(): workers (2), settings and ingest (of the platforms), timeout, conf
# (more of http {}).  Tokens are of alice, bob, and all.

package Test::Live::Simulcast;

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use POSIX ();
use Test::More ();

use Test::Live;
use Test::Live::Platforms;
use Test::Live::Redis;

our @EXPORT = qw(data said $yes $no);

our ($yes, $no) = (JSON::PP::true, JSON::PP::false);

my $json = JSON::PP->new->utf8->canonical;

my %TOKEN = (alice => 'aT5-token-of-alice-0005', bob => 'bT5-token-of-bob-00005',
    all => 'xT5-token-of-all-000005');
my $PASS = 'eK5-encryption-key-of-this-test';


sub new {
    my ($class, %o) = @_;

    my $missing = Test::Live::Platforms::missing();

    need(!$missing, $missing);

    my $t = Test::Live->new(workers => $o{workers} || 2,
        modules => ['simulcast'], secrets => [values %TOKEN, $PASS],
        timeout => $o{timeout} || 180);

    my $redis = Test::Live::Redis->new($t);
    my $ingest = $t->receiver(name => 'ingest', tls => 'good', flv => 0);
    my $at = 'rtmps://localhost:' . $ingest->port;

    my $p = Test::Live::Platforms->new($t, settings => $o{settings},
        ingest => $o{ingest} || {
            youtube    => { rtmp => 'rtmp://localhost:1/live2',
                            rtmps => "$at/live2",
                            backup_rtmp => 'rtmp://localhost:1/live2?backup=1',
                            backup_rtmps => 'rtmps://localhost:1/live2' },
            twitch     => { rtmp => 'rtmp://localhost:1/app',
                            rtmps => "$at/app" },
            facebook   => { rtmps => "$at/rtmp" },
            cloudflare => { rtmps => "$at/live/" },
        });

    my $conf = $p->conf;

    $t->write('key', "$PASS\n");
    $t->write('tokens', "$TOKEN{alice} alice\n$TOKEN{bob} bob\n$TOKEN{all} *\n");

    $t->conf(<<"EOC" . ($o{conf} || '') . <<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            simulcast on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    simulcast_redis unix:%%DIR%%/redis.sock;
    simulcast_encryption_key_file %%DIR%%/key;
    simulcast_allow 127.0.0.0/8 ::1/128;
    $conf

EOC
    server {
        listen 127.0.0.1:%%HTTP%% reuseport;

        location /api/ {
            simulcast_api;
            simulcast_api_tokens %%DIR%%/tokens;
            client_max_body_size 3m;
        }
    }
}
EOC

    my $self = bless { t => $t, redis => $redis, ingest => $ingest, p => $p,
        stream => {}, out => 0 }, $class;

    $t->wait_for(sub { $self->api(GET => 'destinations')->{status} == 200 },
        10, 'Redis');

    return $self;
}


sub t { return $_[0]{t} }
sub p { return $_[0]{p} }
sub redis { return $_[0]{redis} }
sub ingest { return $_[0]{ingest} }
sub token { return $TOKEN{$_[1]} }


# --- the API ----------------------------------------------------------------

# the body is JSON, unless it is a text, of this type

sub api {
    my ($self, $method, $path, $body, %o) = @_;

    my %headers = (Authorization => 'Bearer ' . ($o{token} || $TOKEN{all}),
        $o{type} ? ('Content-Type' => $o{type}) : ());

    return $self->{t}->request($method, "/api/$path", headers => \%headers,
        timeout => 40,
        !defined $body ? () : ref $body ? (json => $body) : (body => $body));
}


sub data {
    my ($r) = @_;

    my $answer = $r->json;

    return $answer->{data} if ref $answer eq 'HASH' && $answer->{success};

    Test::More::diag("$r->{status} $r->{error} $r->{body}");
    return;
}


sub said {
    my ($r) = @_;

    my $answer = $r->json;

    return $r->{status} if ref $answer ne 'HASH' || $answer->{success};
    return join ' ', $r->{status}, $answer->{error}{code},
        $answer->{error}{field} // ();
}


# --- accounts ---------------------------------------------------------------

sub consent {
    my ($self, $platform, %o) = @_;

    my $auth = data($self->api(GET =>
        "destinations/platforms/$platform/auth-url", undef, %o)) or return;

    return $self->{p}->consent($auth->{authUrl});
}


sub exchange {
    my ($self, $platform, %o) = @_;

    my $token = delete $o{token};

    return $self->api(POST => "destinations/platforms/$platform/exchange-token",
        { stream_id => 'alice', name => "My $platform", %o },
        token => $token);
}


sub account {
    my ($self, $platform, %settings) = @_;

    my $stream = delete $settings{stream} || 'alice';
    my $made;

    if ($platform eq 'cloudflare') {
        $made = data($self->api(POST => 'destinations', {
            stream_id => $stream, platform => $platform,
            name => "My $platform", settings => \%settings }));

    } else {
        my ($code, $state) = $self->consent($platform);

        $made = data($self->exchange($platform, stream_id => $stream,
            code => $code, state => $state));

        $self->settings($made->{id}, %settings) if %settings;
    }

    $self->{stream}{$made->{id}} = $stream;

    return $made->{id};
}


sub settings {
    my ($self, $id, %settings) = @_;
    return data($self->api(PATCH => "destinations/$id",
        { settings => \%settings }));
}


# --- a destination ----------------------------------------------------------

sub start {
    my ($self, $id) = @_;
    return data($self->api(POST =>
        "simulcast/$self->{stream}{$id}/destinations/$id/start"));
}


# and what the platform is told of it, unless it is waited for elsewhere

sub stop {
    my ($self, $id) = @_;

    data($self->api(POST =>
        "simulcast/$self->{stream}{$id}/destinations/$id/stop"));

    return $self->{t}->wait_for(sub {
        return $self->destination($id)->{status} eq 'stopped'
            && !$self->{redis}->cmd('EXISTS', "simulcast:claim:$id");
    }, 20, 'it is stopped');
}


sub destination {
    my ($self, $id) = @_;
    return data($self->api(GET => "destinations/$id")) || {};
}


sub status {
    my ($self, $id) = @_;

    my $data = data($self->api(GET => "simulcast/$self->{stream}{$id}/status"));
    my ($one) = grep { $_->{id} eq $id } @{ $data->{destinations} };

    return $one;
}


sub health {
    my ($self, $id) = @_;

    return data($self->api(GET => "simulcast/$self->{stream}{$id}/health"))
        ->{destinations}{$id};
}


sub becomes {
    my ($self, $id, $sub, $name, $timeout) = @_;

    my $last;

    my $ok = $self->{t}->wait_for(sub {
        local $_ = $last = $self->destination($id);
        return $sub->();
    }, $timeout || 20, $name);

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return Test::More::ok($ok, $name)
        || Test::More::diag($json->encode($last));
}


sub fails {
    my ($self, $id, $code, $name, $timeout) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return $self->becomes($id, sub {
        return ($_->{error} || {})->{code}
            && $_->{error}{code} eq $code && length $_->{error}{message};
    }, $name, $timeout);
}


sub goes_out {
    my ($self, $key, $name, $timeout) = @_;

    my $e = $self->{ingest}->wait_event('publish', $timeout || 15,
        name => $key);

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    Test::More::ok($e, $name) or $self->{t}->diag_log;

    return $e;
}


sub leaves {
    my ($self, $e) = @_;
    return $self->{ingest}->wait_event('disconnect', 15, conn => $e->{conn});
}


# --- what platforms are asked -----------------------------------------------

sub quiet {
    my ($self, $seconds, $call) = @_;

    my $since = () = $self->{p}->requests;

    $self->{t}->pause($seconds);

    return $self->{p}->requests(since => $since, call => $call);
}


sub together {
    my ($self, $n, $sub) = @_;

    my @pid;

    for (1 .. $n) {
        my $pid = fork;

        die "fork: $!" unless defined $pid;
        POSIX::_exit(eval { $sub->() } ? 0 : 1) if $pid == 0;

        push @pid, $pid;
    }

    return scalar grep { waitpid $_, 0; $? } @pid;
}

1;
