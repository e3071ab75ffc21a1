#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A disk that is full, or read-only, stops what is written there and nothing
# else, until it is not any more: low-latency HLS, and nginx-rtmp's own.

use strict;
use warnings;

use lib 't/lib';

use POSIX ();
use Test::More;
use Test::Live;
use Test::Live::IO qw(now);

my $unshare = { x86_64 => 272, aarch64 => 97 }->{ (POSIX::uname())[4] };

need($> == 0, 'root');
need($unshare, 'unshare(2)');

# mounts of this test are seen by nobody else, and end with it

use constant CLONE_NEWNS => 0x20000;

need(syscall($unshare, CLONE_NEWNS) == 0, 'a mount namespace');
need(system(qw(mount --make-rprivate /)) == 0, 'mount');

my $scale = $Test::Live::IO::scale;

my $t = Test::Live->new(workers => 2);
my @mounts;


sub disk {
    my ($name, $size) = @_;

    my $dir = $t->mkdir($name);

    need(system(qw(mount -t tmpfs -o), "size=$size", 'tmpfs', $dir) == 0, 'tmpfs');
    push @mounts, $dir;

    return;
}


disk(small => '3m');
disk(tight => '1200k');
disk(locked => '3m');
disk(stock => '3m');

$t->conf(<<'EOC');
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        multisource_hls_segment 500ms;
        multisource_hls_window 6s;

        application live {
            live on;
            multisource on;
            multisource_hls on;
            multisource_hls_path %%DIR%%/hls;
        }

        application small {
            live on;
            multisource on;
            multisource_hls on;
            multisource_hls_path %%DIR%%/small/hls;
            multisource_hls_keep on;
        }

        application tight {
            live on;
            multisource on;
            multisource_hls on;
            multisource_hls_path %%DIR%%/tight/hls;
        }

        application locked {
            live on;
            multisource on;
            multisource_hls on;
            multisource_hls_path %%DIR%%/locked/hls;
        }

        application stock {
            live on;
            multisource on;
            hls on;
            hls_path %%DIR%%/stock/hls;
            hls_fragment 400ms;
            hls_playlist_length 6s;
            hls_nested on;
        }

        application other {
            live on;
            multisource on;
            hls on;
            hls_path %%DIR%%/other;
            hls_fragment 400ms;
            hls_playlist_length 6s;
            hls_nested on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /live/   { multisource_play live; }
        location /small/  { multisource_play small; }
        location /tight/  { multisource_play tight; }
        location /locked/ { multisource_play locked; }
        location /stock/  { alias %%DIR%%/stock/hls/; multisource_play stock; }
        location /other/  { alias %%DIR%%/other/; multisource_play other; }
    }
}
EOC

$t->run;

my %publisher;
my @workers = $t->workers;


sub publish {
    my ($app, %o) = @_;

    my $c = $t->rtmp(app => $app);
    my $status = $c->publish("alice_$app");

    is($status->{code}, 'NetStream.Publish.Start', "published to $app");
    $c->live(fps => 25, gop => 10, kbps => 400, %o);

    return $publisher{$app} = $c;
}


# number of the segment after the last one, and the text of the playlist

sub end {
    my ($app) = @_;

    my $file = $app eq 'stock' || $app eq 'other' ? 'index' : 'live';
    my $r = $t->get("/$app/alice/$app/$file.m3u8");

    return (0, '') if $r->{status} != 200;

    my ($first) = $r->{body} =~ /^#EXT-X-MEDIA-SEQUENCE:(\d+)/m;
    my $segments = () = $r->{body} =~ /^[^#].*\.(?:m4s|ts)$/mg;

    return ($first + $segments, $r->{body});
}


# so many segments more than there were, with what is new

sub goes_on {
    my ($app, $from, $more, $what) = @_;

    return $t->wait_for(sub {
        my ($end, $text) = end($app);
        return $end >= $from + $more && $text;
    }, 12, "$app: $what");
}


# a file that takes all the room there is; a page of it less when it is freed

sub fill {
    my ($name) = @_;

    open(my $file, '>', $t->dir . "/$name/ballast") or die "$name: $!";

    # the media that is being written takes some of it as well

    for (1 .. 20) {
        1 while syswrite $file, "\0" x 4096;
        $t->pause(0.02);
    }

    return;
}


sub free { my ($name) = @_; unlink $t->dir . "/$name/ballast" or die $!; return }

# the line that says why packaging has stopped

sub line {
    my ($what, $name, $error) = @_;

    my $source = qq(streamer "alice" source "$name");

    return qr/\[error\].*packaging stopped: $what failed, $source \($error\)/;
}


sub stopped {
    my ($app, $mark) = @_;
    return $t->logged(line('.*', $app, '\d+: .*'), $mark);
}


sub recovered {
    my ($app, $mark) = @_;
    return $t->logged(qr/packaging goes on: streamer "alice" source "$app"/, $mark);
}


sub all_others {
    my ($what, @apps) = @_;

    my %before = map { $_ => (end($_))[0] } @apps;

    goes_on($_, $before{$_}, 2, "goes on, $what") for @apps;
    is((grep { ($_->closed || '') !~ /^(?:local)?$/ } values %publisher), 0,
        "all publish, $what");
    is(join(' ', $t->workers), "@workers", "the same workers, $what");

    return;
}


# --- a disk that cannot be written at all ------------------------------------------

my $mark = $t->mark;
my $locked = $t->dir . '/locked';

need(system('mount', '-o', 'remount,ro', $locked) == 0, 'a read-only tmpfs');
publish('locked');

ok($t->wait_log(line('mkdir\(\)', 'locked', '30: Read-only file system'),
    5, $mark), 'read-only: a clear line');

# --- low-latency HLS -----------------------------------------------------------------

publish($_) for qw(live small stock other);
publish('tight', kbps => 1000);
goes_on($_, 0, 2, 'begins') for qw(live small stock other);

fill('small');

ok($t->wait_log(line('.*', 'small', '28: No space left on device'),
    5, $mark), 'full: a clear line');

my $full = now();
my ($end) = end('small');

all_others('while a disk is full', qw(live stock other));

is(stopped('locked', $mark), 1, 'still read-only: one line');
system('mount', '-o', 'remount,rw', $locked);
goes_on('locked', 0, 2, 'begins when it can be written');
is(recovered('locked', $mark), 1, 'which is logged');

# who comes now does not even get an index

my $late = $t->rtmp(app => 'small');

$late->publish('alice_late');
$late->live(fps => 25, gop => 10);

ok($t->wait_log(line('making an index', 'late',
    '28: No space left on device'), 5, $mark), 'full: nothing begins');

$t->pause($full + 3.5 - now()) if now() < $full + 3.5;

is(stopped('small', $mark), 1, 'still full: one line');

my ($same, $text) = end('small');

cmp_ok($same, '<=', $end + 1, 'no more segments');
is((grep { $t->get("/small/alice/small/$_")->{status} != 200 }
    $text =~ /^[^#].*\.m4s$/mg), 0, 'those that there are can be had');

free('small');
$text = goes_on('small', $same, 2, 'goes on when there is room again');

is($publisher{small}->closed, undef, 'with the same publisher');
is(recovered('small', $mark), 1, 'which is logged');

$t->wait_for(sub { recovered('late', $mark) }, 10, 'the other one begins');
$late->close;

is((() = $text =~ /^#EXT-X-DISCONTINUITY$/mg), 1, 'behind a discontinuity');
is((() = $text =~ /^#EXT-X-MAP:/mg), 2, 'with an init section of its own');

# a session after the other can be decoded

my ($map, %media, %listed);

for (split /\n/, $text) {
    $map = $1 if /^#EXT-X-MAP:URI="(.+)"/;
    $listed{$1} = 1 if /(\w+-\d+)(?:\.\d+)?\.m4s/;
    $media{$map} .= $t->get("/small/alice/small/$_")->{body}
        if /^[^#].*m4s$/;
}

for (sort keys %media) {
    my $file = $t->write("whole-$_",
        $t->get("/small/alice/small/$_")->{body} . $media{$_});

    is($t->ffprobe($file, frames => 1)->{error}, '', "$_: media is whole");
}

# what could not be written has left nothing; of what is there some has left
# the list, or is not on it yet

my @nowhere = grep {
    !$media{$_} && !/^(?:index|vod\.part)$/
        && !(/^(\w+-(\d+))\.m4s$/ && ($listed{$1} || $2 < $same
            || $2 >= $same + 2))
} map { s{.*/}{}r } glob $t->dir . '/small/hls/small/alice/small/*';

is("@nowhere", '', 'nothing is there that is not listed');

$publisher{small}->close;

# --- nginx-rtmp's own HLS -------------------------------------------------------------

my $stock = $t->mark;
my %before = map { $_ => (end($_))[0] } qw(stock other);

fill('stock');

ok($t->wait_log(qr/\[error\].*hls: error writing fragment header \(28: No space left on device\)/,
    5, $stock), 'stock: a line that says why');

all_others('while the disk of stock HLS is full', qw(live locked other));
($same) = end('stock');

free('stock');
$text = goes_on('stock', $same, 2, 'goes on when there is room again');

like($text, qr/^#EXT-X-DISCONTINUITY$/m, 'stock: behind a discontinuity');
is($publisher{stock}->closed, undef, 'stock: with the same publisher');
note('stock: lines in the error log: ', $t->logged(qr/hls: /, $stock));

# --- too small for what is to be kept -------------------------------------------------

# what left the list is removed when its time is over, though nothing is added

ok($t->wait_for(sub { recovered('tight', $mark) }, 20,
    'a disk that is too small'), 'too small: it goes on by itself');

($end, $text) = end('tight');

like($text, qr/^#EXT-X-DISCONTINUITY$/m, 'too small: behind a discontinuity');
is($publisher{tight}->closed, undef, 'too small: with the same publisher');
is((grep { $t->get("/tight/alice/tight/$_")->{status} != 200 }
    $text =~ /^[^#].*\.m4s$/mg), 0, 'too small: what is listed can be had');

is(stopped('live', $mark) + stopped('other', $mark), 0, 'others never stopped');

# --- what was kept of the show that was interrupted ------------------------------------

my $vod = $t->wait_for(sub {
    my $r = $t->get('/small/alice/small/vod.m3u8');
    return $r->{status} == 200 && $r->{body};
}, 10, 'the show') || '';

like($vod, qr/^#EXT-X-ENDLIST$/m, 'kept: with its end');
is((() = $vod =~ /^#EXT-X-DISCONTINUITY$/mg), 1, 'kept: a discontinuity');

my @names = $vod =~ /^[^#].*\.m4s$/mg;

is(scalar(keys %{ { map { $_ => 1 } @names } }), scalar @names,
    'kept: each segment once');

%media = ();

for (split /\n/, $vod) {
    $map = $1 if /^#EXT-X-MAP:URI="(.+)"/;
    $media{$map} .= $t->get("/small/alice/small/$_")->{body} if /^[^#]/;
}

my $frames = 0;

for (sort keys %media) {
    my $probe = $t->ffprobe($t->write("kept-$_",
        $t->get("/small/alice/small/$_")->{body} . $media{$_}), frames => 1);

    is($probe->{error}, '', "kept: media of $_ is whole");
    $frames += $probe->{video}{nb_read_frames} || 0;
}

my $total = 0;
$total += $_ for $vod =~ /^#EXTINF:([\d.]+)/mg;

is($frames, sprintf('%.0f', 25 * $total), 'kept: every frame');

$_->close for values %publisher;
$t->stop;
system('umount', $_) for @mounts;

$t->done;
