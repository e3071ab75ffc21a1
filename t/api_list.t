#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The list of sources: its fields, what is measured, and that every worker has
# the whole of it.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::FFmpeg;

my ($alice, $bob) = ('aL9-list-key-of-alice', 'bQ4-list-key-of-bob');

my $t = Test::Live->new(workers => 2, secrets => [$alice, $bob]);

$t->write('keys', "$alice alice\n$bob bob\n");

$t->conf(<<'EOC');
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
        }

        application studio {
            live on;
            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    log_format names '$pid $status $multisource_streamer|$multisource_source|';

    server {
        listen 127.0.0.1:%%HTTP%% reuseport;
        access_log %%DIR%%/access.log names;

        location /sources/ {
            multisource_api live;
            multisource_list on;
        }

        location /cdn/ {
            multisource_api studio;
            multisource_hls_url https://cdn.example/v/;
            multisource_watch_url https://example.org/w/;
        }

        location = /status { multisource_status; }
        location = /other  { return 204; }
    }
}
EOC

$t->run;

my $media = Test::Live::FFmpeg->media(size => '320x180', fps => 30, gop => 30,
    kbps => 300);

# with the other one stopped, connections come to this worker only

sub in_worker {
    my ($n, $publish) = @_;

    my $other = ($t->workers)[1 - $n];

    $t->kill_worker($other, 'STOP');
    $t->wait_for(sub {
        (Test::Live::Process::stat_of($other))[0] eq 'T';
    }, 'a stopped worker');

    my $publisher = $publish->();

    $t->kill_worker($other, 'CONT');

    return $publisher;
}

sub raw {
    my ($name, %o) = @_;

    my $r = $t->rtmp(%o);
    $r->publish($name);
    return $r->live(video => 0, %o);
}

sub list { return $t->get($_[0] || '/sources/alice')->json || [] }
sub ids { return join ' ', map { $_->{id} } @{ list(@_) } }

my $started = time;

# nobody is there yet

my $r = $t->get('/sources/alice');

is($r->{status}, 200, 'an empty list is a list');
is($r->{body}, '[]', 'without elements');
is($t->get('/sources/nobody')->{body}, '[]', 'nor has an unknown streamer any');
is($t->get('/sources/')->{body}, '[]', 'nobody is live');

$r = $t->head('/sources/alice');

is($r->{status}, 200, 'HEAD');
is($r->{headers}{'content-length'}, 2, 'HEAD has the length of the body');
is($r->{headers}{'content-type'}, 'application/json', 'HEAD has its type');
is($r->{body}, '', 'HEAD has no body');

# publishers in both workers

my $z = in_worker(0, sub { raw("${alice}_Z_cam") });

$t->wait_for(sub { ids() eq 'Z_cam' }, 'the first source');

my $screen = in_worker(1, sub {
    my $p = $t->publish("${alice}_Main_Screen", media => $media);
    $p->started;
    $p;
});

$t->wait_for(sub { ids() eq 'Z_cam Main_Screen' }, 'the second source');

my $main = in_worker(0, sub { raw($alice) });
my $x = in_worker(1, sub { raw($bob) });
my $y = in_worker(1, sub { raw("${bob}_Face_Cam", app => 'studio') });

$t->wait_for(sub { ids() =~ /main/ }, 'the third source');
$t->wait_for(sub { ids('/sources/bob') eq 'main' }, 'the source of bob');
$t->wait_for(sub { ids('/cdn/bob') eq 'Face_Cam' }, 'the other application');

is(ids(), 'Z_cam Main_Screen main', 'sources are in the order they came');
is(ids('/cdn/alice'), '', 'an application shows its own sources only');
is(join(' ', sort @{ list('/sources/') }), 'alice bob', 'streamers, each once');

# fields

my $s = list()->[1];

is(join(' ', sort keys %$s), 'audio id label protocol started_at state url '
    . 'video watch_url', 'fields of a source');
is($s->{label}, 'Main Screen', 'label');
is($s->{url}, '/hls/alice/Main_Screen/index.m3u8', 'url');
is($s->{watch_url}, '/watch/alice/Main_Screen', 'watch_url');
is($s->{state}, 'live', 'state');
is($s->{protocol}, 'rtmp', 'protocol');
like($s->{started_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    'started_at');

my @at = split /\D/, $s->{started_at};

$at[1]--;
@at = POSIX::mktime(@at[5, 4, 3, 2], $at[1], $at[0] - 1900);
cmp_ok(abs($at[0] - POSIX::mktime(gmtime $started)), '<=', 20,
    'started_at is the time of now, in UTC');

is(list()->[2]{url}, '/hls/alice/main/index.m3u8', 'url of the default source');
is(list()->[0]{video}, undef, 'no video, no "video"');

$s = list('/cdn/bob')->[0];

is($s->{url}, 'https://cdn.example/v/bob/Face_Cam/index.m3u8', 'url elsewhere');
is($s->{watch_url}, 'https://example.org/w/bob/Face_Cam', 'page elsewhere');

# measured from the stream, against what is in the file

my $probe = $t->ffprobe($media, args => ['-show_packets']);
my %bits;

$bits{$_->{codec_type}} += 8 * $_->{size} for @{ $probe->{packets} };

my %kbps = map { $_ => $bits{$_} / $probe->{format}{duration} / 1000 }
    keys %bits;

sub measured {
    my ($s) = grep { $_->{id} eq 'Main_Screen' } @{ list() };
    return $s;
}

$t->wait_for(sub {
    my $s = measured();
    abs($s->{video}{bitrate_kbps} - $kbps{video}) < 0.15 * $kbps{video};
}, 15, sprintf 'a bitrate of about %d kbit/s', $kbps{video});

$s = measured();

is($s->{video}{codec}, sprintf('avc1.42c0%02x', $probe->{video}{level}),
    'video codec');
is($s->{video}{width}, $probe->{video}{width}, 'width');
is($s->{video}{height}, $probe->{video}{height}, 'height');
is($s->{video}{fps}, 30, 'fps');
is($s->{audio}{codec}, 'mp4a.40.2', 'audio codec');
is($s->{audio}{sample_rate}, $probe->{audio}{sample_rate}, 'sample_rate');
is($s->{audio}{channels}, $probe->{audio}{channels}, 'channels');
cmp_ok(abs($s->{audio}{bitrate_kbps} - $kbps{audio}), '<', 0.2 * $kbps{audio},
    'bitrate of the audio');
like($t->get('/sources/alice')->{body}, qr/"width":320,"height":180/,
    'numbers are numbers');

is_deeply([sort keys %{ $s->{video} }],
    [qw(bitrate_kbps codec fps height width)], 'fields of the video');
is_deeply([sort keys %{ $s->{audio} }],
    [qw(bitrate_kbps channels codec sample_rate)], 'fields of the audio');

$r = $t->get('/sources/alice/Main_Screen');

is($r->{status}, 200, 'one source');
is($r->json->{url}, $s->{url}, 'is the same object');

# any worker has the whole of it

my $wrong = grep { ids() ne 'Z_cam Main_Screen main' } 1 .. 200;

is($wrong, 0, '200 times the whole list');

my %pid = map { $_ => 1 }
    $t->read('access.log') =~ /^(\d+) 200 alice\|-\|$/mg;

is(scalar keys %pid, 2, 'from either worker');

%pid = map { $_->{worker} => 1 }
    @{ $t->get('/status')->json->{sources} };

is_deeply([sort keys %pid], [sort $t->workers], 'with sources of either one');

# variables

$t->get('/other');

like($t->read('access.log'), qr/^\d+ 200 alice\|Main_Screen\|$/m,
    '$multisource_streamer and $multisource_source');
like($t->read('access.log'), qr/^\d+ 204 -\|-\|$/m, 'are empty elsewhere');

# who leaves

$main->close;

$t->wait_for(sub { ids() eq 'Z_cam Main_Screen' }, 1.5, 'a shorter list');

$t->done;
