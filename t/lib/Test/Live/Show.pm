# SPDX-License-Identifier: BSD-2-Clause

# A platform with sessions, and what clients ask of it.
#
#   my $show = Test::Live::Show->new(keys => { alice => 'KEY' }, http => '...');
#   $show->{t}                               the Test::Live
#   $show->publish('alice', 'Face_Cam')      by RTMP, a small real stream
#   $show->start('alice', title => '...')    session/start, its data
#   $show->join('alice')                     a viewer: token, id, seq => 0
#   $show->ask('GET', 'session/alice/status', key => 'alice')
#   $show->ask('POST', ..., viewer => $v, json => {...})
#   $show->beacon($viewer, watched => {...})
#   $show->events('alice', viewer => $v)     an open stream of events
#   code($r)                                 the code of an error, or ''
#
# Options of new: keys, app (lines of the application), http (of its block),
# server (likewise), location (of that of sessions), hls => 1 for the packager,
# whip => 1 for WHIP at /whip/, and those of Test::Live->new.

package Test::Live::Show;

use strict;
use warnings;

use Exporter 'import';

use Test::Live;
use Test::Live::FFmpeg;

our @EXPORT_OK = qw(code);


sub new {
    my ($class, %o) = @_;

    my %keys = %{ delete $o{keys} || { alice => 'k-alice-4f81d2c07b' } };
    my ($app, $http, $server, $location, $hls, $whip) =
        map { delete $o{$_} // '' } qw(app http server location hls whip);

    my $t = Test::Live->new(workers => 2, secrets => [values %keys], %o);

    $t->write('keys', join '', map { "$keys{$_} $_\n" } sort keys %keys);
    $t->mkdir('hls');

    $app .= ' multisource_hls on; multisource_hls_path %%DIR%%/hls;' if $hls;

    if ($whip) {
        $http .= ' whip_listen 127.0.0.1:%%WHIP%%;';
        $server .= ' location /whip/ { whip live; }';
    }

    $t->conf(<<"EOC");

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
            $app
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    $http

    server {
        listen 127.0.0.1:%%HTTP%% reuseport;

        location /hls/ {
            multisource_play;
        }

        location /sources/ {
            multisource_api;
        }

        location /show/ {
            multisource_sessions;
            $location
        }

        location /api/v1/livestream/ {
            multisource_sessions;
        }

        $server

        location = /status {
            multisource_status;
        }

        location = /metrics {
            multisource_status prometheus;
        }
    }
}
EOC

    return bless { t => $t, keys => \%keys }, $class;
}


sub run {
    my ($self) = @_;

    $self->{t}->run;
    return $self;
}


sub publish {
    my ($self, $streamer, $source, %o) = @_;

    my $key = $self->{keys}{$streamer};

    $self->{media} ||= Test::Live::FFmpeg->media(size => '320x180', fps => 25,
        gop => 25, kbps => 200);

    return $self->{t}->publish(defined $source ? "${key}_$source" : $key,
        media => $self->{media}, %o);
}


# the stream is small, and sent by a client of our own

sub live {
    my ($self, $streamer, $source) = @_;

    my $key = $self->{keys}{$streamer};
    my $r = $self->{t}->rtmp;

    $r->publish(defined $source ? "${key}_$source" : $key);

    return $r->live;
}


# key => a streamer, whose key is sent, or viewer => of join()

sub ask {
    my ($self, $method, $path, %o) = @_;

    return $self->{t}->request($method, "/show/$path", $self->as(%o));
}


sub events {
    my ($self, $id, %o) = @_;

    return $self->{t}->events("/show/session/$id/events", $self->as(%o));
}


# the headers that these options mean

sub as {
    my ($self, %o) = @_;

    my ($key, $viewer) = (delete $o{key}, delete $o{viewer});
    my %headers = %{ delete $o{headers} || {} };

    $headers{Authorization} = 'Bearer ' . ($self->{keys}{$key} // $key)
        if defined $key;

    $headers{'X-Viewer-Token'} = $viewer->{token} if $viewer;

    return (%o, headers => \%headers);
}


sub code {
    my ($r) = @_;

    my $json = $r->json;

    return '' unless ref $json eq 'HASH' && ref $json->{error} eq 'HASH';
    return $json->{error}{code} // '';
}


sub data {
    my ($self, @args) = @_;

    my $json = $self->ask(@args)->json;

    return $json && $json->{data};
}


sub start {
    my ($self, $streamer, %body) = @_;

    return $self->data('POST', 'session/start', key => $streamer,
        json => \%body);
}


sub join {
    my ($self, $id, %body) = @_;

    my $r = $self->ask('POST', "session/$id/join", json => \%body);
    my $data = ($r->json || {})->{data} or return;

    return { %$data, token => $data->{viewer_token}, seq => 0,
        show => $data->{session}{id} };
}


sub beacon {
    my ($self, $viewer, %body) = @_;

    return $self->ask('POST', "session/$viewer->{show}/beacon",
        viewer => $viewer, json => { seq => ++$viewer->{seq}, %body });
}


sub analytics {
    my ($self, $streamer) = @_;

    return $self->data('GET', "session/$streamer/analytics", key => $streamer);
}


sub status {
    my ($self, $id, @args) = @_;

    return $self->data('GET', "session/$id/status", @args);
}


sub wait_live {
    my ($self, $streamer, $n) = @_;

    return $self->{t}->wait_for(sub {
        my $s = $self->status($streamer, key => $streamer) or return;
        return $n == grep { $_->{status} eq 'live' } @{ $s->{streams} };
    }, "$n sources of $streamer");
}


1;
