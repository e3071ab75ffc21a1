#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# What opening the pages costs, as conf/nginx.conf delivers them to a browser that
# takes gzip: studio and watch page below 150 KiB each, with hls.js; nothing from
# elsewhere; and how long the first picture takes, which is told and not judged.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use List::Util qw(sum0);

use Test::More;
use Test::Live::Alone;
use Test::Live;
use Test::Live::Pages;

use constant LIMIT => 150 * 1024;

my $top = Test::Live::top();
my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';

need(system('node --version >/dev/null 2>&1') == 0, 'node');
need(-x $chromium, $chromium);
need(-d "$top/node_modules/$_", $_) for qw(esbuild hls.js playwright-core);

my $pages = Test::Live::Pages->new;
my $t = $pages->t;

$pages->publish($_) for qw(Main_Screen Face_Cam);

my %visits = ('/watch/alice' => 3);

for my $path (qw(/ /studio/ /watch/alice /simulcast/)) {
    my $visits = $visits{$path} || 0;
    my @files = $pages->files($path);
    my $loaded = loaded($path, $visits);
    my %named = map { $_->{path} => $_ } @files;

    is(join(' ', map { $_->{path} } grep { $_->{status} != 200 } @files), '',
        "$path: every file that is named is there");

    is(join(' ', @{ $loaded->{foreign} }), '',
        "$path: nothing is loaded from elsewhere");

    is(join(' ', grep { !$named{$_} } map { $_->{path} } @{ $loaded->{files} }),
        '', "$path: the browser loads no more than what is named");

    is(join(' ', map { $_->{path} } grep {
            ($_->{headers}{'content-encoding'} || '') ne 'gzip'
            && $_->{bytes} > 256 } @files), '',
        "$path: everything is compressed");

    is(join(' ', map { $_->{path} } grep { !fresh($_) } @files), '',
        "$path: browsers ask whether it has changed");

    my $bytes = sum0(map { $_->{bytes} } @files);

    cmp_ok($bytes, '<', LIMIT, "$path: less than 150 KiB");
    cmp_ok(sum0(map { $_->{bytes} } @{ $loaded->{files} }), '<=', $bytes,
        "$path: as the browser sees it, too");

    diag(sprintf '%s: %d bytes in %d files, the largest %s', $path, $bytes,
        scalar @files, join ', ', map { "$_->{path} $_->{bytes}" }
        (sort { $b->{bytes} <=> $a->{bytes} } @files)[0 .. 2]);

    diag("$path: first picture after @{ $loaded->{pictureMs} } ms")
        if $visits;
}


# a browser that has a file is told that it is still good

my ($css) = grep { $_->{path} eq '/style/base.css' } $pages->files('/');
my $r = $t->get('/style/base.css', headers => { 'Accept-Encoding' => 'gzip',
    'If-None-Match' => $css->{headers}{etag} });

is($r->{status}, 304, 'a compressed file has an ETag that is good for a 304');
is($r->header('Vary'), 'Accept-Encoding', 'and varies');

$r = $t->get('/style/base.css');

is($r->header('Content-Encoding'), undef, 'who does not want gzip has none');


# what the API answers has secrets in it

$r = $t->get('/sources/alice', headers => { 'Accept-Encoding' => 'gzip' });

is($r->{status}, 200, 'the list of sources');
is($r->header('Content-Encoding'), undef, 'is not compressed');


# the vendored library is the one of package.json

my $version = JSON::PP->new->decode(
    Test::Live::Process::slurp("$top/package.json"))->{dependencies}{'hls.js'};

for my $file (grep { $_->{path} =~ m{^/vendor/} }
    $pages->files('/watch/alice'))
{
    my ($asked) = $file->{path} =~ /\?v=(.*)/;

    is($asked // $version, $version, "$file->{path}: its version");
    like($file->{text}, qr/"\Q$version\E"/, 'which it has');
}

$t->done;


# for a year where the address has the version, else not without asking

sub fresh {
    my ($file) = @_;

    my $control = $file->{headers}{'cache-control'} || '';

    return $file->{headers}{etag} && $control eq
        ($file->{path} =~ /\?v=/ ? 'max-age=31536000' : 'no-cache');
}


sub loaded {
    my ($path, $visits) = @_;

    my $p = $t->spawn('load' . $path =~ tr{/}{-}r, 'node',
        "$top/t/js/pages_load.mjs", $t->url($path), $visits, { env => { CHROMIUM => $chromium } });

    $p->wait(90);

    my $loaded = json_of($p->stdout);

    ok($loaded, "$path is opened") or diag($p->stderr);

    return $loaded || { files => [], foreign => [], pictureMs => [] };
}
