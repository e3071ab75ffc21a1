# SPDX-License-Identifier: BSD-2-Clause

# YouTube, Twitch, Facebook and Cloudflare for a test: t/platforms, over HTTPS
# on one port, below one base URL.  They are strict: what the real ones refuse
# is refused in their words, and is a violation as well.  So is what they take
# but the client cannot have meant, as a field that they ignore.
#
#   my $p = Test::Live::Platforms->new($t, ingest => { '*' =>
#       { rtmps => 'rtmps://localhost:1936/live' } });
#
#   $p->base; $p->ca; $p->port
#   $p->client('youtube')       { client_id, client_secret, redirect_uri }, of
#                               cloudflare { account_id, api_token }
#   $p->conf                    directives of http{} that lead there
#   $p->env                     ids and secrets, as variables of nginx's
#                               environment
#
#   my ($code, $state) = $p->consent($auth_url);    as a user who agrees; for
#                               one who does not, set(twitch => { deny => 1 }),
#                               and then (undef, $state, $error)
#   my $r = $p->request(POST => '/token', form => [...], headers => {...},
#       json => {...}, body => '...', http => 1.1); as Test::Live::HTTP answers
#
#   $p->media($key, 1)          the ingest sees media with this key; '*' for all
#   $p->set(youtube => { quota => 100 }, ingest => { twitch => { rtmps => URL
#       } }, ...)               see server.mjs, DEFAULTS
#   $p->advance($seconds)       the clock of the platforms
#   $p->expire('youtube', 'access')     also refresh, long, page, code; or all
#   $p->revoke('youtube')
#   $p->fail(call => 'youtube.liveBroadcasts.bind', count => 2, status => 403,
#       reason => 'rateLimitExceeded', retry_after => 3);
#                               body => garbage, html, empty, huge or any text,
#                               slow_ms, close => 1, truncate => 1, skip => N,
#                               done => 1: with its effect; see failures.mjs
#   $p->unfail                  forgets them; those that were left
#
#   $p->requests(call => 'twitch.', status => 200, since => N)      of the log:
#                               n, at (ms), platform, call, method, path, query,
#                               body, type, scheme, http, status, reason,
#                               failure; secrets are ***
#   $p->violations              { n, call, status, reason }; clear => 1
#   $p->no_violations('name')   a test
#   $p->quota                   { used, limit }; used => N sets it
#   $p->limit(points => N, seconds => N)    of Twitch's bucket
#   $p->objects('youtube')      broadcasts and streams; users; videos; inputs
#   $p->tokens('twitch')        { kind, user, used, dead }
#   $p->viewers('youtube', $of, 12)         of: an id or a key, undef for all
#   $p->health('youtube', $of, { status => 'bad', issues => [...] })
#   $p->end('youtube', $of)     as its owner does on the platform's own pages
#   $p->remove('youtube', $of)
#   $p->reset_key('alice')      of Twitch: the new one
#   $p->pages('alice', [{ name => 'One' }, ...])    of Facebook
#
# Every secret that they are given or give away is looked for at the end of the
# test, as those of Test::Live->new.  Needs node, openssl, and curl to ask.

package Test::Live::Platforms;

use strict;
use warnings;

use Fcntl qw(O_RDWR);
use JSON::PP ();
use POSIX ();
use Test::More ();

use Test::Live ();
use Test::Live::Certificate;
use Test::Live::HTTP;
use Test::Live::IO qw(now deadline nap);
use Test::Live::Process;

my $count = 0;
my $json = JSON::PP->new->utf8->canonical;


# what the machine lacks, '' if nothing

sub missing {
    for my $program (qw(node openssl curl)) {
        return $program unless grep { -x "$_/$program" } split /:/,
            $ENV{PATH} || '';
    }

    return '';
}


# ingest, settings, host (localhost), redirect_uri, certificate (what
# Test::Live::Certificate's server() takes)

sub new {
    my ($class, $t, %o) = @_;

    my $name = 'platforms' . (++$count > 1 ? $count : '');
    my $dir = $t->mkdir($name);
    my $port = $t->port(uc $name);
    my $host = $o{host} || 'localhost';
    my $tls = Test::Live::Certificate->new($t);
    my $cert = $tls->server(%{ $o{certificate} || {} });

    my $self = bless { t => $t, dir => $dir, name => $name, port => $port,
        base => "https://$host:$port", ca => $tls->ca, at => 0, number => 0,
        in => '', client => _clients($o{redirect_uri}),
        results => {} }, $class;

    for my $client (values %{ $self->{client} }) {
        $self->_secret(grep { defined } @$client{qw(client_secret api_token)});
    }

    my $config = $t->write("$name/config.json", $json->encode({
        host => '127.0.0.1', port => $port + 0, base => $self->{base},
        cert => $cert->{cert}, key => $cert->{key},
        clients => $self->{client},
        settings => { %{ $o{settings} || {} },
            $o{ingest} ? (ingest => $o{ingest}) : () },
    }));

    POSIX::mkfifo("$dir/in", 0600) or die "$dir/in: $!";

    # held by us: the program ends when we do
    sysopen($self->{to}, "$dir/in", O_RDWR) or die "$dir/in: $!";

    $self->{process} = Test::Live::Process->new(in => "$dir/in",
        out => "$dir/out", err => "$dir/err",
        cmd => ['node', $t->top . '/t/platforms/server.mjs', $config]);

    # done() of the test stops it as any other child, see stop()
    push @{ $t->{children} }, $self;

    $self->_until(sub { $self->{ready} }, 20, 'start');

    return $self;
}


sub _clients {
    my ($redirect) = @_;

    $redirect ||= 'https://studio.example/simulcast/redirect.html';

    my %client = map { $_ => { redirect_uri => $redirect } }
        qw(youtube twitch facebook);

    @{ $client{youtube} }{qw(client_id client_secret)} =
        (_digits(12) . '-' . _random(32) . '.apps.googleusercontent.com',
         'GOCSPX-' . _random(28));

    @{ $client{twitch} }{qw(client_id client_secret)} =
        (lc _random(30), lc _random(30));

    @{ $client{facebook} }{qw(client_id client_secret)} =
        (_digits(16), _hex(32));

    $client{cloudflare} = { account_id => _hex(32), api_token => _random(40) };

    return \%client;
}


sub _of { return join '', map { $_[1][rand @{ $_[1] }] } 1 .. $_[0] }

sub _random { return _of($_[0], ['A' .. 'Z', 'a' .. 'z', 0 .. 9]) }
sub _digits { return _of($_[0], [1 .. 9]) }
sub _hex { return _of($_[0], [0 .. 9, 'a' .. 'f']) }


# not a second time: the harness looks for each in every log

sub _secret {
    my ($self, @secrets) = @_;
    push @{ $self->{t}{secrets} }, grep { !$self->{known}{$_}++ } @secrets;
    return;
}


sub base { return $_[0]{base} }
sub ca { return $_[0]{ca} }
sub port { return $_[0]{port} }
sub client { return $_[0]{client}{$_[1]} }


# with the secrets in files, as an operator has them; of all platforms unless
# some are named

sub conf {
    my ($self, @platforms) = @_;

    my $t = $self->{t};
    my $conf = "simulcast_trusted_certificate $self->{ca};\n";

    for my $name (@platforms ? @platforms : sort keys %{ $self->{client} }) {
        my $client = $self->{client}{$name};
        my $file = "$self->{name}/$name.secret";
        my %o = (api_base => $self->{base}, auth_base => $self->{base});

        if ($name eq 'cloudflare') {
            $o{account_id} = $client->{account_id};
            $o{api_token_file} = $t->write($file, "$client->{api_token}\n");

        } else {
            $o{client_id} = $client->{client_id};
            $o{redirect_uri} = $client->{redirect_uri};
            $o{client_secret_file} = $t->write($file,
                "$client->{client_secret}\n");
        }

        $conf .= "simulcast_platform $name "
            . join(' ', map { "$_=$o{$_}" } sort keys %o) . ";\n";
    }

    return $conf;
}


sub env {
    my ($self) = @_;

    my %env;

    for my $name (qw(youtube twitch facebook)) {
        my $client = $self->{client}{$name};
        my $app = $name eq 'facebook' ? 'APP' : 'CLIENT';
        my $prefix = uc $name;

        $env{"${prefix}_${app}_ID"} = $client->{client_id};
        $env{"${prefix}_${app}_SECRET"} = $client->{client_secret};
        $env{"${prefix}_REDIRECT_URI"} = $client->{redirect_uri};
    }

    $env{CLOUDFLARE_ACCOUNT_ID} = $self->{client}{cloudflare}{account_id};
    $env{CLOUDFLARE_API_TOKEN} = $self->{client}{cloudflare}{api_token};

    return \%env;
}


# --- requests ---------------------------------------------------------------

# by curl; what it is told is in a file, and no secret on a command line

sub request {
    my ($self, $method, $path, %o) = @_;

    my $file = "$self->{dir}/request-" . ++$self->{number};
    my %h = %{ $o{headers} || {} };
    my $url = $path =~ m{^https?:} ? $path : $self->{base} . $path;
    my $body = $o{body};

    if ($o{form}) {
        $h{'Content-Type'} = 'application/x-www-form-urlencoded'
            unless exists $h{'Content-Type'};
        $body = form(ref $o{form} eq 'HASH' ? %{ $o{form} } : @{ $o{form} });

    } elsif (exists $o{json}) {
        $h{'Content-Type'} = 'application/json'
            unless exists $h{'Content-Type'};
        $body = $json->encode($o{json});
    }

    # curl would name one by itself
    $h{'Content-Type'} = undef unless exists $h{'Content-Type'};

    my @conf = ("url = " . _quoted($url), 'request = ' . _quoted($method),
        'cacert = ' . _quoted($self->{ca}), 'silent', 'show-error',
        'http' . ($o{http} || 2), 'globoff', 'path-as-is',
        'max-time = ' . ($o{timeout} || 20) * $Test::Live::IO::scale,
        'dump-header = ' . _quoted("$file.head"),
        'output = ' . _quoted("$file.answer"),
        map { 'header = ' . _quoted(defined $h{$_} ? "$_: $h{$_}" : "$_:") }
            sort keys %h);

    if (defined $body) {
        $self->_write("$file.body", $body);
        push @conf, 'data-binary = ' . _quoted("\@$file.body");
    }

    $self->_write("$file.conf", join '', map { "$_\n" } @conf);

    my $p = Test::Live::Process->new(cmd => ['curl', '-K', "$file.conf"],
        err => "$file.err");
    my $status = $p->wait(($o{timeout} || 20) + 5);

    my $r = bless { status => 0, headers => {}, error => $p->stderr,
        body => Test::Live::Process::slurp("$file.answer") },
        'Test::Live::HTTP::Response';

    $r->{error} ||= 'curl: ' . ($status // 'timeout') if $status // 1;

    for (split /\r?\n/, Test::Live::Process::slurp("$file.head")) {
        $r->{status} = $1 + 0 if m{^HTTP/\S+ (\d+)};
        $r->{headers}{lc $1} = $2 if /^([^:\s]+):\s*(.*)$/;
    }

    unlink glob "$file.*";
    $self->_read;

    return $r;
}


sub _write {
    my ($self, $file, $text) = @_;

    open(my $fh, '>:raw', $file) or die "$file: $!";
    chmod 0600, $file;
    print $fh $text;
    close $fh or die "$file: $!";

    return;
}


sub _quoted {
    my ($text) = @_;

    $text =~ s/([\\"])/\\$1/g;
    return qq("$text");
}


# a query or a form, of names and values in bytes

sub form {
    my (@pairs) = @_;

    my @out;

    while (my ($name, $value) = splice @pairs, 0, 2) {
        next unless defined $value;
        $value =~ s/([^A-Za-z0-9\-._~])/sprintf '%%%02X', ord $1/ge;
        push @out, "$name=$value";
    }

    return join '&', @out;
}


sub consent {
    my ($self, $url) = @_;

    my $r = $self->request(GET => $url);
    my $location = $r->header('Location');

    if ($r->{status} != 302 || !defined $location) {
        Test::More::diag("no consent: $r->{status} $r->{error} "
            . substr $r->{body}, 0, 300);
        return;
    }

    $location =~ s/#.*//;

    my %q;

    for (split /&/, $location =~ /\?(.*)/ ? $1 : '') {
        my ($name, $value) = split /=/, $_, 2;
        $value =~ tr/+/ /;
        $value =~ s/%([0-9a-f]{2})/chr hex $1/gie;
        $q{$name} = $value;
    }

    return @q{qw(code state error)};
}


# --- commands ---------------------------------------------------------------

sub command {
    my ($self, $cmd, %o) = @_;

    my $id = ++$self->{number};
    my $line = $json->encode({ %o, id => $id, cmd => $cmd }) . "\n";

    while (length $line) {
        my $n = syswrite $self->{to}, $line;
        die "platforms: $!" unless defined $n;
        substr $line, 0, $n, '';
    }

    $self->_until(sub { $self->{results}{$id} }, 10, $cmd);

    my $r = delete $self->{results}{$id};
    die "platforms: $cmd: $r->{error}" if defined $r->{error};

    return $r->{result};
}


sub _until {
    my ($self, $sub, $timeout, $what) = @_;

    my $deadline = deadline($timeout);

    while (1) {
        $self->_read;
        return if $sub->();

        die "platforms: no answer to $what: " . $self->{process}->stderr
            if !$self->{process}->alive || now() > $deadline;

        nap(0.005);
    }
}


# what the program has said since

sub _read {
    my ($self) = @_;

    open(my $fh, '<:raw', "$self->{dir}/out") or return;
    seek $fh, $self->{at}, 0;

    my $text = do { local $/; <$fh> };
    return unless defined $text;

    $self->{at} += length $text;
    $self->{in} .= $text;

    while ($self->{in} =~ s/^(.*)\n//) {
        my $said = $json->decode($1);

        if (defined $said->{secret}) {
            $self->_secret($said->{secret});

        } elsif ($said->{ready}) {
            $self->{ready} = 1;

        } elsif (defined $said->{id}) {
            $self->{results}{$said->{id}} = $said;
        }
    }

    return;
}


sub set {
    my ($self, %settings) = @_;
    $self->command('set', settings => \%settings);
    return;
}


sub media {
    my ($self, $key, $active) = @_;
    $self->command('media', key => $key, active => $active ? 1 : 0);
    return;
}


sub advance { return $_[0]->command('advance', seconds => $_[1]) }
sub fail { my ($self, %o) = @_; $self->command('fail', %o); return }
sub unfail { return @{ $_[0]->command('unfail') } }
sub requests { my ($self, %o) = @_; return @{ $self->command('requests', %o) } }
sub quota { my ($self, %o) = @_; return $self->command('quota', %o) }
sub limit { my ($self, %o) = @_; $self->command('limit', %o); return }
sub objects { return $_[0]->command('objects', platform => $_[1]) }
sub tokens { return @{ $_[0]->command('tokens', platform => $_[1]) } }
sub reset_key { return $_[0]->command('reset_key', user => $_[1]) }


sub expire {
    my ($self, $platform, $kind) = @_;
    return $self->command('expire', platform => $platform,
        defined $kind ? (kind => $kind) : ());
}


sub revoke {
    my ($self, $platform, $user) = @_;
    return $self->command('revoke', platform => $platform,
        defined $user ? (user => $user) : ());
}


sub violations {
    my ($self, %o) = @_;
    return @{ $self->command('violations', %o) };
}


sub no_violations {
    my ($self, $name) = @_;

    my @violations = $self->violations;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    Test::More::ok(!@violations, $name || 'no platform had to refuse')
        or Test::More::diag(join "\n", map { $json->encode($_) } @violations);

    return !@violations;
}


sub viewers {
    my ($self, $platform, $of, $viewers) = @_;
    return $self->_of_object('viewers', $platform, $of, count => $viewers);
}


sub health {
    my ($self, $platform, $of, $health) = @_;
    return $self->_of_object('health', $platform, $of, health => $health);
}


sub end {
    my ($self, $platform, $of) = @_;
    return $self->_of_object('end', $platform, $of);
}


sub remove {
    my ($self, $platform, $of) = @_;
    return $self->_of_object('remove', $platform, $of);
}


sub _of_object {
    my ($self, $cmd, $platform, $of, %o) = @_;
    return $self->command($cmd, platform => $platform, %o,
        defined $of ? (of => $of) : ());
}


sub pages {
    my ($self, $user, $pages) = @_;
    return $self->command('pages', user => $user, pages => $pages);
}


# --- as a child of the test -------------------------------------------------

sub alive { return $_[0]{process}->alive }
sub signal { return 1 }


# secrets that were given away last are known only now

sub stop {
    my ($self) = @_;

    close delete $self->{to} if $self->{to};

    $self->{process}->wait(3);
    $self->{process}->stop('TERM', 2);
    $self->_read;

    return;
}

1;
