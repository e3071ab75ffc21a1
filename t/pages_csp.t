#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The headers that conf/nginx.conf sends with every page and all that pages load:
# a strict Content-Security-Policy above all.  That the pages keep to it is tested
# in each of their states by pages_axe.t.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Pages;

# what a directive allows; those that are not there do as default-src

my %ALLOWED = (
    'default-src'     => "'self'",
    'script-src'      => "'self'",
    'style-src'       => "'self'",
    'connect-src'     => "'self'",
    'font-src'        => "'self'",
    'frame-src'       => "'self'",
    'img-src'         => "'self' blob: data:",
    'media-src'       => "'self' blob:",
    'worker-src'      => "'self' blob:",
    'object-src'      => "'none'",
    'base-uri'        => "'none'",
    'form-action'     => "'none'",
    'frame-ancestors' => "'self'",
);

my %NO_DEFAULT = map { $_ => 1 } qw(base-uri form-action frame-ancestors);

need(-d Test::Live::top() . "/node_modules/$_", $_) for qw(esbuild hls.js);

my $pages = Test::Live::Pages->new;
my $t = $pages->t;

my %seen;

for my $page (qw(/ /studio/ /watch/ /watch/alice /watch/alice/Face_Cam
        /simulcast/ /simulcast/callback.html)) {
    for my $file ($pages->files($page)) {
        check($file) unless $seen{ $file->{path} }++;
    }
}

# pages that nobody wrote have it, too

check(Test::Live::Pages::File->new($t, $_))
    for qw(/no-such-page /watch/../../etc/passwd /status/x);

# nothing in a page that the policy would not let run

for my $path (sort grep { m{(?:/|\.html)$} } keys %seen) {
    my $text = $t->get($path)->{body};

    unlike($text, qr/<script(?![^>]*\bsrc=)|<style\b|\sstyle="|\son\w+="/i,
        "$path has no scripts and styles within");
    unlike($text, qr{\b(?:src|href)="(?:https?:)?//}, 'and none from elsewhere');
}

$t->done;


sub check {
    my ($file) = @_;

    my $headers = $file->{headers};
    my $policy = $headers->{'content-security-policy'} || '';
    my (%has, @wrong);

    for (split /\s*;\s*/, $policy) {
        my ($directive, $values) = /^(\S+) (.*)$/;

        push @wrong, "$directive twice" if $has{$directive};
        $has{$directive} = $values;
    }

    for my $directive (sort keys %ALLOWED) {
        my $is = $has{$directive} // (
            $NO_DEFAULT{$directive} ? '(nothing)' : $has{'default-src'} // '');

        push @wrong, "$directive $is" if $is ne $ALLOWED{$directive};
    }

    push @wrong, grep { !$ALLOWED{$_} } sort keys %has;

    is(join('; ', @wrong), '', "$file->{path}: the policy");

    is($headers->{'x-content-type-options'}, 'nosniff', 'no guessed types');
    is($headers->{'referrer-policy'}, 'no-referrer', 'no referrers');
    like($headers->{'permissions-policy'}, qr/camera=\(self\)/, 'permissions');

    return;
}
