# scripts/reseal with a real Redis: everything that can be opened is sealed with
# the new key, and reads as before to another implementation; the rest is left
# byte for byte and named; what nginx changes meanwhile is not overwritten.

use strict;
use warnings;

use lib 't/lib';

use Cwd qw(abs_path);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP;
use Test::More;

use Test::Live;

sub installed { return grep { -x "$_/$_[0]" } split /:/, $ENV{PATH} }

need(installed($_), $_) for qw(redis-server redis-cli node gcc);

my $old = 'rs1-old-passphrase-of-the-ring';
my $new = 'rs2-new-passphrase-of-the-ring';
my $lost = 'rs3-passphrase-that-was-lost-1';
my $password = 'rs4-password-of-redis-itself';
my $stream_key = 'rs5-stream-key-of-a-platform';

my $t = Test::Live->new(secrets => [$old, $new, $lost, $password, $stream_key]);
my $json = JSON::PP->new->canonical;
my $script = $t->top . '/scripts/reseal';

chdir $t->dir or die "$t->{dir}: $!";

$t->write('keys', "# the new one first\nk2:$new\n$old   # to go\n");
$t->write('keys.old', "$old\n");
$t->write('keys.new', "k2:$new\n");
$t->write('keys.bad', "k2:$new\nk3:short\n");
$t->write('password', "$password\n");
$t->write('password.bad', "rs6-not-the-password-at-all\n");
$t->write('seal.mjs', <<'EOC');
import crypto from 'node:crypto';
import fs from 'node:fs';

const keys = new Map();

function own(id, pass, salt) {
  if (!keys.has(id + pass)) {
    keys.set(id + pass, crypto.scryptSync(pass, `ngx_simulcast seal 1 ${id}`, 32,
      {N: 32768, r: 8, p: 1, maxmem: 64 * 1024 * 1024}));
  }

  return crypto.createHmac('sha256', keys.get(id + pass)).update(salt).digest();
}

function seal({id, pass, text, aad}) {
  const head = crypto.randomBytes(28);
  const cipher = crypto.createCipheriv('aes-256-gcm', own(id, pass, head.subarray(0, 16)),
    head.subarray(16));

  cipher.setAAD(Buffer.from(`1.${id}.${aad}`));

  return `1.${id}.` + Buffer.concat([head, cipher.update(text), cipher.final(),
    cipher.getAuthTag()]).toString('base64url');
}

function open({id, pass, sealed, aad}) {
  const prefix = `1.${id}.`;
  const bytes = Buffer.from(sealed.slice(prefix.length), 'base64url');
  const cipher = crypto.createDecipheriv('aes-256-gcm', own(id, pass, bytes.subarray(0, 16)),
    bytes.subarray(16, 28));

  if (!sealed.startsWith(prefix)) {
    return `not ${prefix}`;
  }

  cipher.setAAD(Buffer.from(prefix + aad));
  cipher.setAuthTag(bytes.subarray(-16));

  try {
    return Buffer.concat([cipher.update(bytes.subarray(28, -16)), cipher.final()]).toString();
  } catch (e) {
    return 'does not open';
  }
}

const asked = JSON.parse(fs.readFileSync(0));
console.log(JSON.stringify(asked.map((a) => a.sealed === undefined ? seal(a) : open(a))));
EOC

# --- a Redis -----------------------------------------------------------------

my $port = $t->port('REDIS');

$t->spawn('redis', 'redis-server', '--port', $port, '--bind', '127.0.0.1',
    '--unixsocket', 'redis.sock', '--save', '', '--appendonly', 'no',
    '--dir', $t->dir);

$t->wait_for(sub { connect_redis() }, 10, 'Redis');

redis('ACL', 'SETUSER', 'operator', 'on', ">$password", '~simulcast:*', '+@all');

$t->spawn('monitor', 'redis-cli', '-s', 'redis.sock', 'monitor');
$t->wait_for(sub { $t->read('monitor.out') =~ /OK/ }, 5, 'MONITOR');

# --- destinations ------------------------------------------------------------

my (%good, %bad);
my $number = 0;
my $text = $json->encode({ stream_key => $stream_key });

for my $i (1 .. 8) {
    add(\%good, "alice$i", 'rtmp_custom', "rtmps://live.example/app$i", '0', $old);
    add(\%good, "alice$i:Face_Cam", 'youtube', undef, '0', $old);
}

my $fresh = add({}, 'bob', 'twitch', undef, 'k2', $new);
my $empty = add({}, 'bob', 'cloudflare', undef, '', undef);
my $gone = uuid();
redis('SADD', 'simulcast:destinations', $gone);

my $unknown = 'sealed by a key that the key file does not have';
my $broken = 'tampered with, of another destination, or sealed by another key of the same id';
my $record = 'its record cannot be read';

$bad{ add({}, 'carol', 'twitch', undef, 'k1', $lost) } = $unknown;
$bad{ add({}, 'carol', 'twitch', undef, '0', $lost) } = $broken;

# moved to another streamer, pointed elsewhere, another platform, another id

for my $change ([stream_id => 'mallory'], [rtmp_url => 'rtmp://127.0.0.1/steal'],
    [platform => 'youtube'])
{
    my $id = add({}, 'dave', 'rtmp_custom', 'rtmps://live.example/app', '0', $old);
    my $r = $json->decode(redis('HGET', "simulcast:destination:$id", 'record'));
    $r->{ $change->[0] } = $change->[1];
    redis('HSET', "simulcast:destination:$id", 'record', $json->encode($r));
    $bad{$id} = $broken;
}

{
    my $id = add({}, 'dave', 'rtmp_custom', 'rtmps://live.example/app', '0', $old);
    my $other = add({}, 'dave', 'rtmp_custom', 'rtmps://live.example/app', '0', $old);
    redis('HSET', "simulcast:destination:$id", 'secret',
        redis('HGET', "simulcast:destination:$other", 'secret'));
    $bad{$id} = $broken;
    $good{$other} = aad('dave', $other, 'rtmp_custom', 'rtmps://live.example/app');

    $id = add({}, 'dave', 'twitch', undef, '0', $old);
    my $sealed = redis('HGET', "simulcast:destination:$id", 'secret');
    substr($sealed, 60, 1) =~ tr/A-Za-z0-9_-/B-ZAb-za1-90_-/;
    redis('HSET', "simulcast:destination:$id", 'secret', $sealed);
    $bad{$id} = $broken;

    $id = add({}, 'dave', 'twitch', undef, '0', $old);
    redis('HSET', "simulcast:destination:$id", 'secret', '{"stream_key":"not sealed"}');
    $bad{$id} = $broken;
}

for my $r ('', '{', '[]', '"alice"', '{"stream_id":"erin"}',
    '{"stream_id":7,"platform":"twitch"}', '[' x 5000)
{
    my $id = add({}, 'erin', 'twitch', undef, '0', $old);
    redis('HSET', "simulcast:destination:$id", 'record', $r);
    $bad{$id} = $record;
}

{
    my $id = add({}, 'erin', 'twitch', undef, '0', $old);
    redis('HDEL', "simulcast:destination:$id", 'version');
    $bad{$id} = $record;

    $id = uuid();
    redis('SADD', 'simulcast:destinations', $id);
    redis('SET', "simulcast:destination:$id", 'a string');
    $bad{$id} = $record;
}

redis('SADD', 'simulcast:destinations', "\e[31m \r\nEVAL" . 'x' x 1000);
$bad{ '?[31m???EVAL' . 'x' x 24 . '...' } = $record;

my $ngood = keys %good;
my $nbad = keys %bad;

# --- nothing is done where something is wrong --------------------------------

my $before = dump_all();

is(reseal(qw(--redis unix:redis.sock keys.bad)), 2, 'a bad key file');
like($t->read('reseal.err'), qr/^reseal: keys\.bad: a key of 16 to 1024 bytes/m, 'is named');
is(reseal(qw(--redis unix:redis.sock nowhere)), 2, 'no key file');
is(reseal(qw(--redis unix:redis.sock)), 2, 'none named');
is(reseal(qw(--redis unix:redis.sock keys keys)), 2, 'two');
is(reseal(qw(--redis unix:nowhere.sock keys)), 2, 'no Redis at a socket');
is(reseal(qw(--redis 127.0.0.1:1 keys)), 2, 'none at a port');
is(reseal('--redis', $_, 'keys'), 2, "no address: $_")
    for ('', 'localhost', ':6379', '127.0.0.1:', '127.0.0.1:x', '127.0.0.1:65536', 'h' x 300);
is(reseal(qw(--redis unix:redis.sock --db x keys)), 2, 'no database number');
is(reseal(qw(--redis unix:redis.sock --db 99 keys)), 2, 'no such database');
is(reseal(qw(--redis unix:redis.sock --username operator keys)), 2, 'a user without a password');
is(reseal(qw(--redis unix:redis.sock --username operator --password-file password.bad keys)), 2,
    'a wrong password');
like($t->read('reseal.err'), qr/refused user or password/, 'is said');
is(reseal(qw(--redis unix:redis.sock --db 1 keys)), 0, 'an empty database');
like($t->read('reseal.out'), qr/^sealed anew: 0$/m, 'has nothing to do');

is(reseal(qw(--redis unix:redis.sock --dry-run keys)), 1, 'a dry run');
counts('to be sealed anew' => $ngood, 'sealed with the first key before' => 1,
    'without a secret' => 1, removed => 1, 'left as they are' => $nbad);
is_deeply(dump_all(), $before, 'nothing has changed so far');

# --- the new key -------------------------------------------------------------

is(reseal('--redis', "127.0.0.1:$port", qw(--username operator --password-file password keys)), 1,
    'sealed anew, by TCP and as a user with a password');
counts('sealed anew' => $ngood, 'sealed with the first key before' => 1,
    'without a secret' => 1, removed => 1, 'left as they are' => $nbad);

{
    my %said = $t->read('reseal.out') =~ /^(\S+): ([a-z].*[a-z])$/mg;
    is_deeply(\%said, \%bad, 'what could not be opened is named, with the reason');
}

my $after = dump_all();

is_deeply({ map { $_ => $after->{$_} } grep { !$good{$_} } keys %$after },
    { map { $_ => $before->{$_} } grep { !$good{$_} } keys %$before },
    'and left as it was');

is(scalar(grep { $after->{$_}{secret} ne $before->{$_}{secret} } keys %good), $ngood,
    'the others have other secrets');
is(scalar(grep { $after->{$_}{record} eq $before->{$_}{record}
    && $after->{$_}{version} eq $before->{$_}{version} } keys %good), $ngood,
    'and the same records and versions');
is_deeply([opened(\%good, 'k2', $new)], [($text) x $ngood],
    'which open with the new key and read as before');

is(reseal(qw(--redis unix:redis.sock keys)), 1, 'once more');
counts('sealed anew' => 0, 'sealed with the first key before' => $ngood + 1,
    'without a secret' => 1, removed => 1, 'left as they are' => $nbad);
is_deeply(dump_all(), $after, 'changes nothing');

# --- what cannot be opened goes, the old key, too ----------------------------

redis('DEL', map { "simulcast:destination:$_" } grep { /^[0-9a-f-]{36}$/ } keys %bad);
redis('SREM', 'simulcast:destinations', "\e[31m \r\nEVAL" . 'x' x 1000);

is(reseal(qw(--redis unix:redis.sock keys.new)), 0, 'with the new key alone');
counts('sealed anew' => 0, 'sealed with the first key before' => $ngood + 1,
    'without a secret' => 1, removed => $nbad, 'left as they are' => 0);

is(reseal(qw(--redis unix:redis.sock keys.old)), 1, 'with the old key alone');
counts('sealed anew' => 0, 'sealed with the first key before' => 0,
    'without a secret' => 1, removed => $nbad, 'left as they are' => $ngood + 1);
is(() = $t->read('reseal.out') =~ /: \Q$unknown\E$/mg, $ngood + 1, 'all of another key');
is_deeply(dump_all(), { map { $_ => $after->{$_} } grep { !$bad{$_} } keys %$after },
    'which changes nothing');

# --- changed meanwhile -------------------------------------------------------

redis('FLUSHALL');
%good = ();

my $id = add(\%good, 'frank', 'twitch', undef, '0', $old);
my $newer = $json->encode({ stream_key => $stream_key, refresh_token => 'newer' });
my ($sealed) = node({ id => '0', pass => $old, text => $newer, aad => $good{$id} });
my $asked;

$asked = meddle(sub {
    redis('HSET', "simulcast:destination:$id", 'secret', $sealed, 'version', 8) if $_[0] == 1;
});

is($asked, 2, 'what is changed while it is read is read again');
is($t->read('reseal.status'), 0, 'and sealed');
counts('sealed anew' => 1, 'left as they are' => 0);
is_deeply([opened(\%good, 'k2', $new)], [$newer], 'as it is now');
is(redis('HGET', "simulcast:destination:$id", 'version'), 8, 'the version is that of the change');

$id = add(\%good, 'frank', 'twitch', undef, '0', $old);

$asked = meddle(sub {
    redis('HINCRBY', "simulcast:destination:$id", 'version', 1);
});

is($asked, 5, 'what changes each time is given up');
is($t->read('reseal.status'), 1, 'as left');
like($t->read('reseal.out'), qr/^\Q$id\E: changed each time/m, 'and named');

$id = add({}, 'frank', 'twitch', undef, '0', $old);

meddle(sub { redis('DEL', "simulcast:destination:$id") });

is(redis('EXISTS', "simulcast:destination:$id"), 0, 'what is removed meanwhile stays so');

# --- secrets -----------------------------------------------------------------

for my $file (qw(all.out all.err monitor.out redis.out)) {
    my $shown = $t->read($file);
    my @leaks = grep { index($shown, $_) >= 0 } $old, $new, $lost, $stream_key, $password,
        'rs6-not-the-password-at-all';
    is_deeply(\@leaks, [], "no secret in $file");
}

chdir $t->top;
$t->done;

###############################################################################

sub uuid {
    return sprintf '%08x-0000-4000-8000-%012x', ++$number, int rand 2**40;
}

sub aad {
    my ($stream, $id, $platform, $url) = @_;
    my ($streamer) = split /:/, $stream;

    return join "\n", $streamer, $id, $platform, $url // '';
}

# a destination, as nginx would keep it; its AAD goes to the hash

sub add {
    my ($set, $stream, $platform, $url, $key, $pass) = @_;

    my $id = uuid();
    my $record = { id => $id, stream_id => $stream, platform => $platform, name => 'x',
        is_enabled => JSON::PP::true, settings => {}, wanted => '',
        $url ? (rtmp_url => $url) : () };

    $set->{$id} = aad($stream, $id, $platform, $url);

    my ($sealed) = $pass
        ? node({ id => $key, pass => $pass, text => $text, aad => $set->{$id} }) : ('');

    redis('HSET', "simulcast:destination:$id", 'record', $json->encode($record),
        'secret', $sealed, 'version', 7);
    redis('SADD', 'simulcast:destinations', $id);

    return $id;
}

sub opened {
    my ($set, $key, $pass) = @_;

    return node(map { { id => $key, pass => $pass, aad => $set->{$_},
        sealed => redis('HGET', "simulcast:destination:$_", 'secret') } } sort keys %$set);
}

sub node {
    $t->write('asked', $json->encode(\@_));
    my $said = `node seal.mjs <asked`;
    return @{ $json->decode($said) };
}

# all hashes, by id

sub dump_all {
    my %all;

    for my $key (@{ redis('KEYS', 'simulcast:destination:*') }) {
        next if redis('TYPE', $key) ne 'hash';
        $all{ substr $key, 22 } = { @{ redis('HGETALL', $key) } };
    }

    return \%all;
}

# the exit code

sub reseal {
    my (@args) = @_;

    unlink 'reseal.out', 'reseal.err';

    my $status = $t->spawn('reseal', $script, @args)->wait(120);

    for my $end (qw(out err)) {
        open my $all, '>>', "all.$end" or die "all.$end: $!";
        print $all $t->read("reseal.$end");
    }

    return $status;
}

sub counts {
    my (%want) = @_;
    my %said = $t->read('reseal.out') =~ /^([a-z ]+): (\d+)$/mg;

    is_deeply({ map { $_ => $said{$_} } keys %want }, \%want, 'so many of each')
        or diag($t->read('reseal.out'), $t->read('reseal.err'));

    return;
}

# reseal by a socket of ours, which calls the sub in front of each attempt to
# write; how many there were

sub meddle {
    my ($sub) = @_;

    unlink 'proxy.sock', 'reseal.out', 'reseal.err';

    my $listen = IO::Socket::UNIX->new(Local => 'proxy.sock', Listen => 1)
        or die "proxy.sock: $!";
    my $p = $t->spawn('reseal', $script, qw(--redis unix:proxy.sock keys));

    IO::Select->new($listen)->can_read(30) or die 'reseal does not connect';

    my $client = $listen->accept or die "accept: $!";
    my $server = connect_redis() or die "redis.sock: $!";
    my $select = IO::Select->new($client, $server);
    my $n = 0;

    while (my @ready = $select->can_read(30)) {
        my ($from) = @ready;
        my $to = $from == $client ? $server : $client;

        sysread($from, my $buf, 65536) or last;
        $sub->(++$n) if $from == $client && $buf =~ /\r\nEVAL\r\n/;
        syswrite($to, $buf) == length $buf or last;
    }

    $t->write('reseal.status', $p->wait(10));

    return $n;
}

sub connect_redis {
    return IO::Socket::UNIX->new(Peer => 'redis.sock');
}

# one command of binary arguments; errors are fatal

sub redis {
    my (@args) = @_;

    my $socket = connect_redis() or die "redis.sock: $!";

    print $socket '*' . @args . "\r\n", map { '$' . length($_) . "\r\n$_\r\n" } @args;

    return reply($socket);
}

sub reply {
    my ($socket) = @_;

    my $line = readline $socket;
    die 'Redis went away' unless defined $line;
    $line =~ s/\r\n$//;

    my $type = substr $line, 0, 1, '';

    die "Redis: $line" if $type eq '-';
    return [map { reply($socket) } 1 .. $line] if $type eq '*';
    return $line if $type ne '$';
    return if $line < 0;

    read $socket, my $text, $line + 2;

    return substr $text, 0, $line;
}
