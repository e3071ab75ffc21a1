#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# record, recorders and exec of an existing setup, with "multisource on" added:
# they run per source, and know the public name only.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my $key = 'sf4Tq-alice-stream';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");
$t->mkdir($_) for qw(rec unique);

# nginx-rtmp ends what "exec" runs with this signal, and nginx tells of it

$t->tolerate(qr/unknown process \d+ exited on signal 9$/);

# appends its arguments to DIR/NAME.out; those of "exec" stay

my $script = "#!/bin/sh\necho \"\$\$ \$*\" >> " . $t->dir . '/$1.out';

$t->write('event.sh', "$script\n", 0755);
$t->write('stay.sh', "$script\nexec sleep 300\n", 0755);

$t->conf(<<'EOC')->run;
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        exec_publish %%DIR%%/event.sh publish name=$name app=$app url=$tcurl;

        application live {
            live on;
            multisource on;
            multisource_keys keys;

            record all;
            record_path %%DIR%%/rec;
            record_suffix .rec.flv;

            recorder sound {
                record audio;
                record_path %%DIR%%/unique;
                record_unique on;
                record_suffix -%Y.flv;
            }

            exec %%DIR%%/stay.sh exec name=$name app=$app url=$tcurl;
            exec_publish_done %%DIR%%/event.sh done name=$name;
            exec_record_done %%DIR%%/event.sh record
                name=$name recorder=$recorder path=$path base=$basename;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /sources/ {
            multisource_api;
        }
    }
}
EOC

sub out {
    my ($name, $lines) = @_;

    my @lines = ('');

    $t->wait_for(sub {
        @lines = sort map { s/^\d+ \w+ //r } split /\n/, $t->read("$name.out");
        return @lines >= $lines;
    }, "$lines line(s) of $name");

    return join "\n", @lines;
}

sub ended {
    my ($pid) = @_;
    return $t->wait_for(sub { !$t->alive($pid) }, 5, "the end of $pid");
}

# two sources of one streamer; the second with the key in the URL's path, as
# if it were a part of the application

my $a = $t->rtmp;
my $b = $t->rtmp(app => "live/$key");

is($a->publish("${key}_Face_Cam")->{code}, 'NetStream.Publish.Start', 'first');
is($b->publish('Main_Screen')->{code}, 'NetStream.Publish.Start', 'second');

ok($a->media(seconds => 3), 'media of the first');
ok($b->media(seconds => 3), 'media of the second');

# the programs that run as long as the stream

my $url = 'url=rtmp://127.0.0.1:' . $t->port('RTMP') . '/live';
my $both = join "\n", map { "name=alice_$_ app=live $url" }
    qw(Face_Cam Main_Screen);

is(out('exec', 2), $both, 'exec runs per source, with its public name');
is(out('publish', 2), $both, 'exec_publish of the level above as well');

my %pid = map { reverse /^(\d+) .*name=(\S+)/ }
    split /\n/, $t->read('exec.out');

is((grep { $t->alive($_) } values %pid), 2, 'both programs run');

# the end of one source

$a->close;

is(out('done', 1), 'name=alice_Face_Cam', 'exec_publish_done');

my $dir = $t->dir;
my ($unique) = glob "$dir/unique/alice_Face_Cam-*.flv";

like($unique, qr{/alice_Face_Cam-\d+-20\d\d\.flv$}, 'record_unique and suffix');
is(out('record', 2), join("\n",
    'name=alice_Face_Cam recorder= '
        . "path=$dir/rec/alice_Face_Cam.rec.flv base=alice_Face_Cam.rec",
    "name=alice_Face_Cam recorder=sound path=$unique base="
        . $unique =~ s{.*/(.*)\.flv}{$1}r), 'exec_record_done');

ok(ended($pid{alice_Face_Cam}), 'its program ended with it');
ok($t->alive($pid{alice_Main_Screen}), 'that of the other source goes on');

my $probe = $t->ffprobe("$dir/rec/alice_Face_Cam.rec.flv", packets => 1);

is($probe->{video}{codec_name}, 'h264', 'recorded video');
is($probe->{video}{nb_read_packets}, 75, 'with every frame');
is($probe->{audio}{codec_name}, 'aac', 'recorded audio');

$probe = $t->ffprobe($unique);

is($probe->{video}, undef, 'record audio has no video');
is($probe->{audio}{codec_name}, 'aac', 'but audio');

# the encoder comes back: the same file is written again, a unique one is not

$a = $t->rtmp;

is($a->publish("$key/Face_Cam")->{code}, 'NetStream.Publish.Start', 'again');
$a->media(seconds => 1);

is(out('exec', 3), "name=alice_Face_Cam app=live $url\n$both",
    'exec starts again');

$a->close;
$b->drop;

out('record', 6);

$probe = $t->ffprobe("$dir/rec/alice_Face_Cam.rec.flv", packets => 1);

is($probe->{video}{nb_read_packets}, 25, 'the record of the second publish');
is(join(' ', sort map { s{.*/}{}r } glob "$dir/rec/*"),
    'alice_Face_Cam.rec.flv alice_Main_Screen.rec.flv', 'one file per source');

ok(ended($pid{alice_Main_Screen}), 'a lost connection ends the program too');

# single-source streamers notice nothing

my $c = $t->rtmp;

is($c->publish($key)->{code}, 'NetStream.Publish.Start', 'the plain key');
$c->media(seconds => 1);
is($t->wait_for(sub { -s "$dir/rec/alice.rec.flv" && 'there' }), 'there',
    'is recorded as ALICE');

# who is refused starts nothing

$t->rtmp->publish('unknown_Face_Cam');
$t->wait_log(qr/unknown_key/);
$c->close;
out('done', 4);

unlike(join('', map { $t->read("$_.out") } qw(publish exec done record)),
    qr/unknown/, 'nothing runs for a refused publisher');
is(scalar(() = glob "$dir/{rec,unique}/unknown*"), 0, 'and nothing is written');

$t->done;
