#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The module's README.md says what its sources say: directives with contexts
# and defaults, reasons, metrics, fields, variables, routes, files; and
# conf/nginx.conf shows every directive.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Process;

my $dir = Test::Live::top() . '/modules/ngx_multisource';

sub source { return Test::Live::Process::slurp("$dir/ngx_multisource_$_[0]") }

my $readme = Test::Live::Process::slurp("$dir/README.md");
my $rtmp = source('rtmp_module.c');
my $http = source('http_module.c');
my $status = source('status.c');

# the text of a section, and the rows of the tables in it without their heads

sub section {
    my ($title) = @_;

    my ($level, $text) = $readme =~ /^(#+) \Q$title\E\n(.*)/ms;
    $text = '' unless defined $text;
    $level = '#' unless defined $level;

    my $n = length $level;
    $text =~ s/^#{1,$n} .*//ms;

    return $text;
}

sub rows {
    my ($text) = @_;

    my @rows = map { s/^\| *| *\|$//gr } $text =~ /^\|.*\|$/mg;

    return map { [split /\s*\|\s*/] } grep { /^[`\$]/ } @rows;
}

sub ticked { return $_[0] =~ /`([^`]+)`/g }

# strings of C, adjacent ones joined

sub strings {
    my ($c) = @_;

    $c =~ s/"\s*\n?\s*"//g;
    return $c;
}

# --- directives -------------------------------------------------------------

my %context = (
    NGX_RTMP_MAIN_CONF => 'rtmp',
    NGX_RTMP_SRV_CONF  => 'server',
    NGX_RTMP_APP_CONF  => 'application',
    NGX_HTTP_MAIN_CONF => 'http',
    NGX_HTTP_SRV_CONF  => 'server',
    NGX_HTTP_LOC_CONF  => 'location',
);

my %code;

for my $c ($rtmp, $http) {
    while ($c =~ /\{ \s ngx_string\("(multisource\w*)"\), \s*
                  (NGX_\w+_CONF[\w|\s]*), \s* (\w+), \s* NGX_\w+, \s*
                  (.*?), \s* (?:NULL|&\w+) \s \}/gsx)
    {
        my ($name, $type, $set, $field) = ($1, $2, $3, $4);
        my %flag = map { $_ => 1 } split /[|\s]+/, $type;

        $code{$name} = {
            set     => $set,
            type    => \%flag,
            context => join(', ', map { $context{$_} } grep { $context{$_} }
                split /[|\s]+/, $type),
            field   => join('.', $field =~ /, \s* (\w+)\)/gx),
        };
    }
}

# what a field is when nothing was configured, as a configuration would say it

sub text_of {
    my ($value, $kind) = @_;

    return $1 if $value =~ /^"(.*)"$/s;
    return $value ? 'on' : 'off' if $kind eq 'value';
    return $value / 1000 . 's' if $kind eq 'msec_value';
    return $1 . 'm' if $value =~ /^(\d+) \* 1024 \* 1024$/;

    return $value;
}

my %default;
my $both = "$rtmp$http";

while ($both =~ /ngx_conf_(?:merge|init)_(\w+)\(\w+->([\w.]+),
                        (?:\s*\w+->[\w.]+,)?\s*(.+?)\);/gsx)
{
    $default{$2} = text_of($3, $1) unless exists $default{$2};
}

while ($rtmp =~ /conf->(\w+) = prev->\w+ == \(uint64_t\) -1\s*\? (\d+)000000/g) {
    $default{$1} = "${2}m";
}

my ($reserved) = $rtmp =~ /defaults\[\] = \{(.*?)\};/s;

# directives with a handler of their own

$code{multisource_max_sources}{field} = 'max_sources';
$code{multisource_separator}{field} = 'naming.separator';
$code{multisource_reserved}{field} = 'the array';
$code{multisource_refuse_rate}{field} = 'the rate';

$default{'the array'} = join ' ', $reserved =~ /"(\w+)"/g;
$default{'the rate'} = "$default{refuse_number}/$default{refuse_time}";

# a location without the directive serves nothing, no file means no keys

$default{$_} = '' for 'keys_file', '';

my %said;

while ($readme =~ /^\#\#\#\ (multisource\w*)\n\n-\ Syntax:\ `(.*?);`\n
                   -\ Default:\ (.*?)\n-\ Context:\ (.*?)\n-\ Since:\ (.*?)\n
                   \n[A-Z][^\n]+\n/gsmx)
{
    my ($name, $syntax, $default, $context, $since) = ($1, $2, $3, $4, $5);

    is($said{$name}, undef, "$name is described once");

    $said{$name} = { syntax => $syntax, default => $default,
        context => $context, since => $since };
}

is(join("\n", sort keys %said), join("\n", sort keys %code),
    'the directives of the code are those of README.md');
cmp_ok(scalar keys %code, '>=', 20, 'which are many');

for my $name (sort keys %code) {
    my $said = $said{$name} or next;
    my $c = $code{$name};
    my $default = $default{ $c->{field} };

    is($said->{context}, $c->{context}, "$name: context");
    is($said->{since}, '0.1', "$name: since");
    is($said->{default}, !defined $default ? 'no default was found'
        : $default eq '' ? '-' : "`$name $default;`", "$name: default");

    my $args = $c->{type};
    my $form = $args->{NGX_CONF_FLAG} ? qr/on \| off/
        : $args->{NGX_CONF_NOARGS} ? qr/\[\w+\]/
        : $args->{NGX_CONF_1MORE} ? qr/\w+ \.\.\./
        : qr{[A-Z/]+(?: \| off)?};

    like($said->{syntax}, qr/^$name $form$/, "$name: syntax");
}

# --- reasons ----------------------------------------------------------------

my $reasons = strings(source('reason.c'));
my %define = $reasons =~ /^#define (\w+)\s+"(.*)"$/mg;
my %why;

while ($reasons =~ /REASON\("(\w+)",\s*(\w+),\s*"(.*?)"\)/gs) {
    my ($name, $code, $text) = ($1, $2, $3);

    $why{$name} = ($code eq 'NULL' ? '-' : "`$define{$code}`") . " $text"
        if $name ne 'ok';
}

my %told = map { ((ticked($_->[0]))[0] => "$_->[1] $_->[2]") }
    rows(section('Reasons'));

is_deeply(\%told, \%why, 'reasons, with statuses and texts');
cmp_ok(scalar keys %why, '>=', 20, 'which are many');

# --- metrics ----------------------------------------------------------------

my $c = strings($status);
my %metric;

while ($c =~ /(?:\{ |last,\s*)"(multisource_\w+)",\s*"(\w+)",\s*"(.*?)"/gs) {
    $metric{$1} = "$2 $3";
}

while ($c =~ /# HELP (multisource_\w+) ([^%]*?)\\n# TYPE \1 (\w+)\\n/g) {
    $metric{$1} = "$3 $2";
}

%told = map { ((ticked($_->[0]))[0] => "$_->[1] $_->[2]") }
    rows(section('The status for Prometheus'));

is_deeply(\%told, \%metric, 'metrics, with types and helps');
cmp_ok(scalar keys %metric, '>=', 15, 'which are many');

# --- fields of JSON, in the order of their names ----------------------------

sub fields {
    my ($c) = @_;

    my %field = map { $_ => 1 }
        $c =~ /(?:^\s+|json_pack\("[^"]*",\s*)"([a-z_]+)",/mg,
        $c =~ /json_object_set_new\(\w+, "(\w+)"/g;

    return join ' ', sort keys %field;
}

sub told_fields {
    my ($title) = @_;

    # totals: `sources`: ... are fields as well

    my %field = map { $_ => 1 } map { (ticked($_->[0]),
        $_->[1] =~ /`([a-z_]+)`(?=:)/g) } rows(section($title));

    return join ' ', sort keys %field;
}

is(told_fields('A source in the list'), fields(strings(source('json.c'))),
    'fields of a source');

my ($json) = strings($status) =~ /\n(ngx_multisource_status_json\(.*)
    \nngx_multisource_status_prometheus\(/sx;

is(told_fields('The status as JSON'), fields($json) =~ s/\bprotocol //r,
    'fields of the status');

# --- variables, routes, files -----------------------------------------------

my ($vars) = $http =~ /ngx_http_variable_t\s+\w+\[\] = \{(.*?)\n\};/s;

is(join("\n", sort map { ticked($_->[0]) } rows(section('Variables of http'))),
    join("\n", sort map { "\$$_" } $vars =~ /ngx_string\("(\w+)"\)/g),
    'variables');

my ($routes) = source('api.h') =~ /The source API:\n \*\n(.*?)\n \*\//s;

$routes =~ s/^ \*     //mg;

like(section('Routes'), qr/^```\n\Q$routes\E\n```$/m, 'routes of the API');

opendir(my $handle, $dir) or die "$dir: $!";

my %file = map { $_ => 1 } grep { /\.[ch]$|^config$/ } readdir $handle;

delete $file{ s/\.c$/.h/r } for grep { /\.c$/ } keys %file;

is(join("\n", sort map { ticked($_->[0]) } rows(section('Files'))),
    join("\n", sort keys %file), 'files');

# the grammar of key files

my ($grammar) = source('keys.h') =~ /^ \*     (KEY STREAMER.*)$/m;

like(section('The key file'), qr/^\Q$grammar\E$/m, 'a line of the key file');

# --- the shipped configuration ----------------------------------------------

my $conf = Test::Live::Process::slurp(Test::Live::top() . '/conf/nginx.conf');

for my $name (sort keys %code) {
    like($conf, qr/^\s*$name(?:\s|;)/m, "conf/nginx.conf shows $name");
}

done_testing;
