#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A wrong configuration fails nginx -t and names the file, the line and what
# would be right; a risky one is accepted with a warning.  No key is shown.

use strict;
use warnings;

use lib 't/lib';

use Digest::SHA qw(sha256_hex);
use Test::More;
use Test::Live;

my ($key, $other) = qw(Kc3-alice-6Mv8sD Kc3-bob-2Gh7tF);

my $t = Test::Live->new(secrets => [$key, $other]);

my $KEYS = $t->write('keys', "$key alice\n");


# a configuration with lines of the caller's in it

sub conf {
    my (%o) = @_;

    $_ = defined $_ ? $_ : '' for @o{qw(main rtmp app more http api)};
    my $on = defined $o{on} ? $o{on} : "live on;\nmultisource on;";
    my $keys = defined $o{keys} ? $o{keys} : 'multisource_keys keys;';

    return <<"EOC";
$o{main}
rtmp {
    $o{rtmp}
    server {
        listen 127.0.0.1:%%RTMP%%;
        application live {
            $on
            $keys
            $o{app}
        }
        $o{more}
    }
}
http {
    %%HTTP_GLOBALS%%
    $o{http}
    server {
        listen 127.0.0.1:%%HTTP%%;
        $o{api}
    }
}
EOC
}


# fails, and the line that begins with the directive is named

sub wrong {
    my ($directive, $re, %o) = @_;

    my ($status, $output) = $t->test_conf(conf(%o));
    my @lines = split /\n/, $t->read('test.conf');
    my @at = grep { $lines[$_ - 1] =~ /(?:^|[\s{])\Q$directive\E/ } 1 .. @lines;

    (my $name = $directive) =~ s/\n.*//s;

    is($status, 1, "refused: $name");
    like($output, qr/^nginx: \[emerg\] .*$re.* in \S+test\.conf:$at[-1]$/m,
        "told why and where: $name");
    return;
}


# a bad key file: its line, and what was expected

sub wrong_keys {
    my ($text, $line, $re) = @_;

    $t->write('bad', $text);

    my ($status, $output) = $t->test_conf(conf(
        keys => 'multisource_keys bad;'));

    is($status, 1, "refused: $re");
    like($output, qr{\[emerg\].* "\S+/bad":$line, expected.*$re.* in \S+:\d+$}m,
        "line $line: $re");
    return;
}


sub warns {
    my ($re, %o) = @_;

    my ($status, $output) = $t->test_conf(conf(%o));

    is($status, 0, "accepted: $re");
    like($output, qr/^nginx: \[warn\] .*$re/m, "warning: $re");
    return;
}

my ($status, $output) = $t->test_conf(conf());

is($status, 0, 'a good configuration');
unlike($output, qr/\[(?!notice)/, 'nothing is said about it');

# key files

wrong_keys("$key alice\nx bob\n", 2, qr/a key of 4 to 200 characters/);
wrong_keys('y' x 201 . " bob\n", 1, qr/a key of 4 to 200 characters/);
wrong_keys("# keys\n\n$key/x alice\n", 3, qr/without "\/"/);
wrong_keys("sha256:abcdef alice\n", 1, qr/sha256: and 64 hexadecimal digits/);
wrong_keys('sha256:' . 'g' x 64 . " alice\n", 1, qr/64 hexadecimal digits/);
wrong_keys("$key\n", 1, qr/after the key a streamer id of 1 to 50 letters/);
wrong_keys("$key al/ice\n", 1, qr/a streamer id/);
wrong_keys("$key al_ice\n", 1, qr/without the separator/);
wrong_keys("$key " . 'a' x 51 . "\n", 1, qr/a streamer id of 1 to 50/);
wrong_keys("$key Admin\n", 1, qr/not reserved/);
wrong_keys("$other bob\n$key events\n", 2, qr/not reserved/);
wrong_keys("$key alice max_sources=0\n", 1, qr/max_sources=N \(1 to 64\)/);
wrong_keys("$key alice max_sources=65\n", 1, qr/max_sources=N \(1 to 64\)/);
wrong_keys("$key alice max_bitrate=fast\n", 1, qr/max_bitrate=RATE/);
wrong_keys("$key alice sources=a,,b\n", 1, qr/sources=NAME/);
wrong_keys("$key alice sources=../x\n", 1, qr/sources=NAME/);
wrong_keys("$key alice sources=\n", 1, qr/sources=NAME/);
wrong_keys("$key alice sources=ok,System\n", 1, qr/sources=NAME/);
wrong_keys("$key alice guest\n", 1, qr/after the streamer/);

$t->write('bad', "$key alice\n$other bob\n\n$key carol\n");
($status, $output) = $t->test_conf(conf(keys => 'multisource_keys bad;'));
is($status, 1, 'refused: a key listed twice');
like($output, qr{the same key is in lines 1 and 4 of "\S+/bad"}, 'which lines');

$t->write('bad', "$key alice\nsha256:" . sha256_hex($key) . " bob\n");
($status, $output) = $t->test_conf(conf(keys => 'multisource_keys bad;'));
like($output, qr{the same key is in lines 1 and 2}, 'twice, once hashed');

$t->expect_conf_error(conf(keys => 'multisource_keys none;'),
    qr{\[emerg\] open\(\) "\S+/none" failed \(2: .* in \S+test\.conf:\d+},
    'no file');
$t->expect_conf_error(conf(keys => 'multisource_keys %%DIR%%;'),
    qr{"\S+" is not a key file: a regular file .* in \S+test\.conf:\d+},
    'a directory');

# what belongs together

my $second = 'application b { live on; multisource on;'
    . ' multisource_keys keys; }';

wrong('multisource on', qr/"multisource on" needs "live on" in application/,
    on => 'multisource on;');
wrong('multisource_api', qr/exactly one rtmp application must have/,
    on => 'live on;', keys => '', api => 'location /s/ { multisource_api; }');
wrong('multisource_api', qr/no rtmp application "nobody" has "multisource on"/,
    api => 'location /s/ { multisource_api nobody; }');
wrong('multisource_api', qr/exactly one rtmp .*, or its name must be given/,
    more => $second, api => 'location /s/ { multisource_api; }');
wrong('multisource_play', qr/exactly one rtmp .*, or its name must be given/,
    more => $second, api => 'location /s/ { multisource_play; }');
wrong('multisource_status', qr/exactly one rtmp application must have/,
    on => 'live on;', keys => '', api => 'location /s { multisource_status; }');

# locations

wrong('multisource_api', qr/must be in a location whose prefix ends with "\/"/,
    api => 'location /s { multisource_api; }');
wrong('multisource_api', qr/not a regular expression/,
    api => 'location ~ ^/s/ { multisource_api; }');
wrong('multisource_status', qr/is not the only multisource directive/,
    api => "location /s/ { multisource_api;\nmultisource_status; }");
wrong('multisource_status', qr/takes "prometheus" or nothing/,
    api => 'location /s { multisource_status xml; }');
wrong('multisource_hls_url', qr/must end with "\/"/,
    api => 'location /s/ { multisource_hls_url /hls; multisource_api; }');

# values

my %values = (
    multisource_separator => [
        'x' => qr/may consist of "_", "-", "\." and "~"/,
        '/' => qr/may consist of/,
        '""' => qr/must have 1 to 8 characters/,
        '_________' => qr/must have 1 to 8 characters/,
    ],
    multisource_default_source => [
        'a.b' => qr/1 to 50 letters, digits/,
        'Events' => qr/not a reserved name/,
        '""' => qr/1 to 50 letters, digits/,
    ],
    multisource_max_sources => [
        0 => qr/must be a number from 1 to 64/,
        65 => qr/must be a number from 1 to 64/,
        many => qr/must be a number from 1 to 64/,
    ],
    multisource_max_bitrate => [
        '8x' => qr/must be bits per second, such as 8m or 500k, or off/,
        0 => qr/must be bits per second/,
        '99999999999g' => qr/must be bits per second/,
    ],
    multisource_max_total_bitrate => ['-1m' => qr/must be bits per second/],
    multisource_refuse_rate => [
        10 => qr/must be N\/TIME, such as 10\/60s, or off/,
        '0/60s' => qr/must be N\/TIME/,
        '10/0s' => qr/must be N\/TIME/,
        'x/y' => qr/must be N\/TIME/,
    ],
    multisource_takeover => [maybe => qr/it must be "on" or "off"/],
    multisource_timeout => [soon => qr/invalid value/],
);

for my $directive (sort keys %values) {
    my @pairs = @{ $values{$directive} };

    while (my ($value, $re) = splice @pairs, 0, 2) {
        wrong("$directive $value;", $re, app => "$directive $value;");
    }
}

wrong('multisource_keys', qr/must name a file/,
    keys => 'multisource_keys "";');

wrong('multisource_zone', qr/too small, it must be at least 128k/,
    rtmp => 'multisource_zone 64k;');

# twice

my @twice = ('multisource_keys keys', 'multisource_separator -',
    'multisource_default_source x', 'multisource_reserved x',
    'multisource_max_sources 3', 'multisource_max_bitrate 1m',
    'multisource_max_bitrate off', 'multisource_max_total_bitrate 1m',
    'multisource_takeover on', 'multisource_timeout 9s',
    'multisource_refuse_rate 1/9s', 'multisource_refuse_rate off');

wrong("$_; # again", qr/is duplicate/, keys => '', app => "$_;\n$_; # again")
    for @twice;
wrong("$_; # again", qr/is duplicate/, rtmp => "$_;\n$_; # again")
    for 'multisource_zone 1m', 'multisource_guard on';

# warnings

$t->write('open', "$key alice\n", 0644);
warns(qr{key file "\S+/open" is open to every user, chmod 600},
    keys => 'multisource_keys open;');
$t->write('empty', "# nobody\n");
warns(qr{no key in "\S+/empty", nobody can publish},
    keys => 'multisource_keys empty;');
warns(qr/neither multisource_keys nor on_publish: anybody .* STREAMER~~SOURCE/,
    keys => '', app => 'multisource_separator ~~;');
warns(qr/no multisource_keys: on_publish must tell .* split at the first "_"/,
    keys => '', app => 'on_publish http://127.0.0.1/;');
warns(qr/"rtmp_auto_push" does nothing here/, main => 'rtmp_auto_push on;');

# values are inherited, and nothing is checked where it is off

($status, $output) = $t->test_conf(conf(
    rtmp => "multisource_separator -;\nmultisource_max_sources 64;\n"
        . "multisource_max_bitrate 1G;\nmultisource_zone 128k;",
    more => 'application off { multisource_keys none; }'));

is($status, 0, 'accepted: the ends of ranges, and no checks where it is off');

$t->done;
