#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A wrong configuration of WHIP fails nginx -t, and is told with the file, the
# line and what would be right.  A module that is not used opens no port.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Offer;
use Test::Live::Process;

my $t = Test::Live->new;

need($t->has_module('whip') && $t->has_module('multisource'), 'both modules');

my ($RTMP, $WHIP, $MULTISOURCE) = map {
    my $name = $_;
    grep { /ngx_${name}_module\.so$/ } $t->module_files;
} qw(rtmp whip multisource);


# a configuration with lines of the caller's in it

sub conf {
    my (%o) = @_;

    $_ = defined $_ ? $_ : '' for @o{qw(http server loc rest main)};
    my $whip = defined $o{whip} ? $o{whip} : 'whip live;';
    my $at = defined $o{at} ? $o{at} : '/whip/';
    my $app = defined $o{app} ? $o{app} : 'application live { live on; }';
    my $rtmp = defined $o{rtmp} ? $o{rtmp} : "rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;
        $app
    }
}";
    my $listen = defined $o{listen} ? $o{listen}
        : 'whip_listen 127.0.0.1:%%WHIP%%;';

    return <<"EOC";
$o{main}
$rtmp
http {
    %%HTTP_GLOBALS%%
    $listen
    $o{http}
    server {
        listen 127.0.0.1:%%HTTP%%;
        $o{server}
        location $at {
            $whip
            $o{loc}
        }
        $o{rest}
    }
}
EOC
}


# fails, and the last line that begins with the directive is named

sub wrong {
    my ($directive, $re, %o) = @_;

    my ($status, $output) = $t->test_conf(conf(%o));
    my @lines = split /\n/, $t->read('test.conf');
    my @at = grep { $lines[$_ - 1] =~ /(?:^|[\s{])\Q$directive\E/ } 1 .. @lines;

    is($status, 1, "refused: $directive");
    like($output, qr/^nginx: \[emerg\] .*$re.* in \S+test\.conf:$at[-1]$/m,
        "told why and where: $directive");
    return;
}


sub right {
    my ($name, %o) = @_;

    my ($status, $output) = $t->test_conf(conf(%o));

    is($status, 0, "accepted: $name");
    unlike($output, qr/\[(?!notice)/, "without a word: $name");
    return;
}

right('the least');

# --- the application --------------------------------------------------------

my $second = 'rtmp { server { listen 127.0.0.1:%%RTMP%%;'
    . ' application live { live on; } } server { listen 127.0.0.1:%%RTMP2%%;'
    . ' application live { live on; } } }';

wrong('whip live', qr/"whip" needs an rtmp\{\} block/, rtmp => '');
wrong('whip other', qr/no rtmp server has the application "other"/,
    whip => 'whip other;');
wrong('whip live', qr/application "live" of "whip" needs "live on"/,
    app => 'application live { }');
wrong('whip live', qr/several rtmp servers have .* "live".* server=ADDR:PORT/,
    rtmp => $second);
wrong('whip live server=127.0.0.1:1', qr/no rtmp server .*"live"/,
    rtmp => $second, whip => 'whip live server=127.0.0.1:1;');
right("server=$_", rtmp => $second, whip => "whip live server=$_;")
    for '127.0.0.1:%%RTMP%%', '127.0.0.1:%%RTMP2%%';
right('server=*:PORT', whip => 'whip live server=*:%%RTMP%%;',
    rtmp => $second =~ s/listen 127.0.0.1:/listen /r);

wrong('whip live serve=x', qr/invalid parameter "serve=x", .*server=ADDR:PORT/,
    whip => 'whip live serve=x;');
wrong('whip live server=', qr/invalid parameter .*server=ADDR:PORT/,
    whip => 'whip live server=;');
wrong('whip ""', qr/needs the name of an rtmp application/, whip => 'whip "";');
wrong('whip;', qr/invalid number of arguments/, whip => 'whip;');
wrong('whip live; # again', qr/"whip" directive is duplicate/,
    whip => "whip live;\nwhip live; # again");

# blocks may come in any order

my ($rtmp, $http) = conf() =~ /^(rtmp \{.*?^\}\n)(http.*)/ms;
is(($t->test_conf($http . $rtmp))[0], 0, 'accepted: http before rtmp');

# --- locations --------------------------------------------------------------

wrong('whip live', qr/regular expression/, at => '~ ^/whip/');
wrong('whip live', qr/regular expression/, at => '~* /whip');
wrong('whip live', qr/needs a location with a prefix/, at => '@whip');
wrong('whip live', qr/prefix/, at => '= /whip/');
wrong('whip live', qr/"whip" directive is not allowed here/, whip => '',
    server => 'whip live;');
wrong('whip live', qr/"whip" directive is not allowed here/, whip => '',
    loc => "if (\$arg_a) {\nwhip live; }");
wrong('whip live', qr/"whip" directive is not allowed here/, whip => '',
    loc => "limit_except POST {\nwhip live; }");
right("location $_", at => $_) for '/', '/whip', '^~ /whip/';
right('several', rest => 'location /b/ { whip live; }');
right('one in the other', loc => 'location /whip/b/ { whip live; }');

# only one of them could answer

wrong('whip_status; # x', qr/whip/, loc => 'whip_status; # x');

# --- values -----------------------------------------------------------------

my %values = (
    whip_candidate => [
        'stream.example.org' => qr/it may be an IPv4 or IPv6 address/,
        '1.2.3' => qr/invalid address "1.2.3"/,
        '1.2.3.4:99999' => qr/invalid address/,
        '1.2.3.4:0' => qr/invalid address/,
        '0.0.0.0' => qr/invalid address/,
        '::' => qr/invalid address/,
        '1.2.3.4 x' => qr/invalid address "x"/,
        (join ' ', map { "192.0.2.$_" } 1 .. 9) => qr/too many/,
    ],
    whip_ice_server => [
        'http://turn.example.org' => qr/no URL of stun:, stuns:, turn:/,
        'turn.example.org' => qr/no URL of stun:/,
        'stun:' => qr/"stun:"/,
        'turn:a name=b' => qr/takes a URL, username= and credential=/,
        'turn:a username=b,c credential=d' => qr/may not have blanks, quotes/,
        'turn:a username=b "credential=c;d"' => qr/may not have blanks, quotes/,
        'turn:a username=b "credential=c d"' => qr/may not have blanks, quotes/,
        'turn:a username=b' => qr/username= and credential=/,
        'turn:a credential=b' => qr/username= and credential=/,
        'turn:a username=b credential=c x=y' => qr/arguments/,
    ],
    whip_audio => [mp3 => qr/invalid value "mp3"/],
    whip_audio_bitrate => [
        fast => qr/invalid value "fast".* 16k to 320k/,
        '15k' => qr/invalid value "15k".* 16k to 320k/,
        '321k' => qr/invalid value "321k".* 16k to 320k/,
        0 => qr/invalid value "0"/,
    ],
    whip_rate => [
        5 => qr/NUMBER\/TIME, as 5\/1s, or off/,
        '0/1s' => qr/NUMBER\/TIME/,
        '5/0' => qr/NUMBER\/TIME/,
        '5/x' => qr/NUMBER\/TIME/,
        'x/1s' => qr/NUMBER\/TIME/,
        '-1/1s' => qr/NUMBER\/TIME/,
        '2000/1s' => qr/NUMBER\/TIME/,
        '/' => qr/NUMBER\/TIME/,
    ],
    whip_max_sessions => [many => qr/invalid number/, -1 => qr/invalid/],
    whip_max_pending => [many => qr/invalid number/, -1 => qr/invalid/],
    whip_timeout => [soon => qr/invalid value/, 0 => qr/timeout/],
    whip_idle_timeout => [soon => qr/invalid value/, 0 => qr/timeout/],
    whip_keyframe_interval => [soon => qr/invalid value/],
    whip_jitter => [soon => qr/invalid value/],
);

for my $directive (sort keys %values) {
    my @pairs = @{ $values{$directive} };

    while (my ($value, $re) = splice @pairs, 0, 2) {
        my $line = "$directive $value;";
        wrong($line, $re, loc => $line);
    }
}

# what the examples in the messages say is true, and values are inherited

right('all of them', http => <<'EOH', server => <<'EOS', loc => <<'EOL');
    whip_zone 1m;
    whip_candidate 203.0.113.7 203.0.113.8:9000 2001:db8::7 [2001:db8::8]:9000;
    whip_ice_server stun:stun.example.org:3478;
    whip_ice_server turns:turn.example.org:443?transport=tcp
                    username=u credential=c;
    whip_rate 5/1s;
    whip_audio opus;
    whip_audio_bitrate 16k;
EOH
    whip_timeout 20s;
    whip_idle_timeout 1m;
    whip_keyframe_interval 4s;
    whip_max_pending 0;
    whip_audio_bitrate 320k;
EOS
    whip_jitter 0;
    whip_max_sessions 1;
    whip_rate off;
    whip_audio aac;
EOL

# twice

wrong("$_; # again", qr/is duplicate/, loc => "$_;\n$_; # again")
    for 'whip_candidate 203.0.113.7', 'whip_rate 5/1s', 'whip_rate off',
        'whip_audio aac', 'whip_audio_bitrate 96k', 'whip_timeout 9s',
        'whip_idle_timeout 9s', 'whip_keyframe_interval 9s', 'whip_jitter 9s',
        'whip_max_sessions 9', 'whip_max_pending 9';
wrong("$_; # again", qr/is duplicate/, http => "$_;\n$_; # again")
    for 'whip_zone 1m';

# --- addresses and memory ---------------------------------------------------

wrong('whip_zone 64k', qr/too small, .*at least \d+k/,
    http => 'whip_zone 64k;');
wrong('whip_zone x', qr/invalid value/, http => 'whip_zone x;');
wrong('whip_zone 1m', qr/not allowed here/, server => 'whip_zone 1m;');

my %listen = (
    '127.0.0.1:99999'  => qr/invalid port in "?whip_listen/,
    '127.0.0.1:0'      => qr/invalid port/,
    '127.0.0.1:x'      => qr/invalid port/,
    '1.2.3.4.5:8189'   => qr/host not found in "?whip_listen/,
    'unix:/tmp/x.sock' => qr/cannot be a UNIX-domain socket/,
    '8189 8190'        => qr/invalid number of arguments/,
    '""'               => qr/whip_listen/,
);

wrong("whip_listen $_;", $listen{$_}, listen => "whip_listen $_;")
    for sort keys %listen;
wrong('whip_listen 8189', qr/not allowed here/, server => 'whip_listen 8189;');

wrong("whip_listen $_->[1]; # again", qr/is duplicate/,
    listen => "whip_listen $_->[0];\nwhip_listen $_->[1]; # again")
    for ['8189', '8189'], ['*:8189', '8189'], ['0.0.0.0:8189', '*:8189'],
        ['127.0.0.1', '127.0.0.1:8189'], ['[::1]:8189', '[::1]:8189'];

# --- the order of modules ---------------------------------------------------

my $rest = $t->expand("pid %%DIR%%/nginx.pid;\nerror_log %%DIR%%/error.log;\n"
    . "events {}\n");
my $plain = conf(whip => '');


sub loaded {
    my ($text, @modules) = @_;

    return $t->test_conf(join('', map { "load_module $_;\n" } @modules)
        . $rest . $t->expand($text), raw => 1);
}

my ($status, $output) = loaded($plain, $WHIP, $RTMP);

isnt($status, 0, 'before nginx-rtmp it fails');
like($output, qr/ngx_whip_module needs nginx-rtmp: put its load_module line /,
    'with a sentence that says what to do');

($status, $output) = loaded($plain, $WHIP);
isnt($status, 0, 'and without it');
like($output, qr/ngx_whip_module needs nginx-rtmp/, 'with the same');

($status, $output) = loaded($plain, $RTMP, $MULTISOURCE, $WHIP);
isnt($status, 0, 'behind ngx_multisource it fails');
like($output, qr/ngx_multisource_module must be loaded after ngx_whip_module/,
    'with a sentence, too');

for my $modules ([$RTMP, $WHIP], [$RTMP, $WHIP, $MULTISOURCE]) {
    for my $part ($plain, $plain =~ s/^rtmp \{.*?^\}\n//msr,
        $plain =~ s/^http \{.*?^\}\n//msr, '')
    {
        ($status, $output) = loaded($part, @$modules);
        is($status, 0, 'loaded and not used');
        unlike($output, qr/\[(?!notice)/, 'without a word');
    }
}

# --- ports ------------------------------------------------------------------


# "udp 127.0.0.1:8189 tcp ..." that any process of nginx has open, but not those
# of the HTTP and the RTMP server

sub ports {
    my ($master) = $t->master;
    my %inode;

    for my $pid ($master, $t->all_workers) {
        for my $fd (glob "/proc/$pid/fd/*") {
            $inode{$1} = 1 if (readlink $fd || '') =~ /^socket:\[(\d+)\]/;
        }
    }

    my %open;

    for my $type (qw(udp udp6 tcp tcp6)) {
        open(my $fh, '<', "/proc/$master/net/$type") or next;

        while (<$fh>) {
            my @f = split;

            next unless $f[9] && $inode{$f[9]} && $f[2] =~ /:0000$/;

            my $port = hex +(split /:/, $f[1])[1];
            $open{"$type $port"} = 1 if $port != $t->port('HTTP')
                && $port != $t->port('RTMP');
        }
    }

    return join ', ', sort keys %open;
}

my $port = $t->port('WHIP');
my $short = 'whip_timeout 2s;';

my %used = (
    'not used'            => [whip => ''],
    'not used, no port'   => [whip => '', listen => ''],
    'only its status'     => [whip => 'whip_status;'],
    'settings alone'      => [whip => 'whip_timeout 5s; whip_rate off;'],
);

for my $name (sort keys %used) {
    $t->conf(conf(@{ $used{$name} }))->run;
    is(ports(), '', "$name: no port");
    $t->stop;
}

$t->conf(conf(http => $short))->run;
is(ports(), "tcp $port, udp $port", 'used: UDP and TCP');

# on reload they come and go

my $port6 = $t->port('WHIP6');

ok($t->reload(conf(whip => '')), 'reload without');
$t->wait_for(sub { !$t->old_workers && ports() eq '' }, 10, 'no port');
ok($t->reload(conf(http => $short, listen =>
    "whip_listen 127.0.0.1:$port; whip_listen [::1]:$port6;")), 'and with two');
is(ports(), "tcp $port, tcp6 $port6, udp $port, udp6 $port6", 'four sockets');
is(post_offer($t, '/whip/x')->{status}, 201, 'which can be used');

like($t->reload(conf(whip => 'whip other;'), fails => 1),
    qr/no rtmp server has the application "other"/, 'a bad reload');
is(post_offer($t, '/whip/y')->{status}, 201, 'changes nothing');

# another zone size is another registry

my $mark = $t->mark;

ok($t->reload(conf(http => "$short whip_zone 2m;")), 'another size');
is(post_offer($t, '/whip/z')->{status}, 201, 'works');
is($t->logged(qr/whip: new registry with room/, $mark), 1, 'with a new one');

$mark = $t->mark;

ok($t->reload, 'the same size again');
is(post_offer($t, '/whip/u')->{status}, 201, 'works');
is($t->logged(qr/whip: new registry/, $mark), 0, 'with what was there');

$t->done;
