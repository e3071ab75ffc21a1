# SPDX-License-Identifier: BSD-2-Clause

# AMF0 (Action Message Format 0, Adobe 2007).
#
#   amf_encode('connect', 1, { app => 'live' }, undef, [1, 2], \1)
#   amf_decode($bytes)      list of values
#
# Perl to AMF0: 1 number, "1" string, undef null, \0 and \1 booleans, hash
# object, array strict array, amf_ecma({...}), amf_undefined(), amf_raw($bytes)
# anything at all.  amf_pairs(name => value, ...) is an object in this order.

package Test::Live::AMF;

use strict;
use warnings;

use B ();
use Exporter 'import';
use JSON::PP ();
use Scalar::Util qw(blessed);

our @EXPORT = qw(amf_encode amf_decode amf_number amf_string amf_ecma
    amf_pairs amf_raw amf_undefined);

# the type markers of section 2.1

use constant {
    NUMBER      => 0x00,
    BOOLEAN     => 0x01,
    STRING      => 0x02,
    OBJECT      => 0x03,
    NULL        => 0x05,
    UNDEFINED   => 0x06,
    REFERENCE   => 0x07,
    ECMA_ARRAY  => 0x08,
    OBJECT_END  => 0x09,
    ARRAY       => 0x0a,
    DATE        => 0x0b,
    LONG_STRING => 0x0c,
    XML         => 0x0f,
    TYPED       => 0x10,
};


sub amf_encode { return join '', map { _encode($_) } @_ }

sub amf_raw { return bless \(my $bytes = $_[0]), 'Test::Live::AMF::Raw' }
sub amf_number { return amf_raw(pack 'C d>', NUMBER, $_[0]) }
sub amf_string { return amf_raw(_string($_[0])) }
sub amf_undefined { return amf_raw(pack 'C', UNDEFINED) }
sub amf_pairs { return amf_raw(pack('C', OBJECT) . _members(@_)) }


sub amf_ecma {
    my ($h) = @_;
    my @pairs = map { ($_, $h->{$_}) } sort keys %$h;
    return amf_raw(pack('C N', ECMA_ARRAY, @pairs / 2) . _members(@pairs));
}


sub _encode {
    my ($v) = @_;

    return pack 'C', NULL if !defined $v;

    my $class = blessed $v;

    if ($class) {
        return $$v if $class eq 'Test::Live::AMF::Raw';
        return pack 'CC', BOOLEAN, $v ? 1 : 0 if JSON::PP::is_bool($v);
        die "amf: cannot encode $class";
    }

    return pack 'CC', BOOLEAN, $$v ? 1 : 0 if ref $v eq 'SCALAR';
    return ${ amf_pairs(map { ($_, $v->{$_}) } sort keys %$v) }
        if ref $v eq 'HASH';
    return pack('C N', ARRAY, scalar @$v) . amf_encode(@$v)
        if ref $v eq 'ARRAY';

    my $flags = B::svref_2object(\$v)->FLAGS;

    return pack 'C d>', NUMBER, $v
        if $flags & (B::SVf_IOK | B::SVf_NOK) && !($flags & B::SVf_POK);

    return _string($v);
}


sub _string {
    my ($v) = @_;

    utf8::encode($v) if utf8::is_utf8($v);

    return length $v > 0xffff
        ? pack('C N/a', LONG_STRING, $v) : pack('C n/a', STRING, $v);
}


sub _members {
    my (@pairs) = @_;

    my $out = '';

    while (my ($name, $value) = splice @pairs, 0, 2) {
        $out .= pack('n/a', $name) . _encode($value);
    }

    return $out . pack 'n C', 0, OBJECT_END;
}


# dies on anything malformed: the peer is the module under test

sub amf_decode {
    my ($bytes) = @_;

    my ($pos, @values) = (0);

    push @values, _decode($bytes, \$pos) while $pos < length $bytes;

    return @values;
}


sub _decode {
    my ($b, $pos) = @_;

    my $type = unpack 'C', _take($b, $pos, 1);

    return unpack 'd>', _take($b, $pos, 8) if $type == NUMBER;
    return _take($b, $pos, 1) eq "\0" ? JSON::PP::false : JSON::PP::true
        if $type == BOOLEAN;
    return _take($b, $pos, unpack 'n', _take($b, $pos, 2))
        if $type == STRING;
    return _take($b, $pos, unpack 'N', _take($b, $pos, 4))
        if $type == LONG_STRING || $type == XML;
    return undef if $type == NULL || $type == UNDEFINED;
    return _object($b, $pos) if $type == OBJECT;

    if ($type == ECMA_ARRAY) {
        _take($b, $pos, 4);
        return _object($b, $pos);
    }

    if ($type == TYPED) {
        _take($b, $pos, unpack 'n', _take($b, $pos, 2));
        return _object($b, $pos);
    }

    if ($type == ARRAY) {
        my $n = unpack 'N', _take($b, $pos, 4);
        return [ map { _decode($b, $pos) } 1 .. $n ];
    }

    if ($type == DATE) {
        my $ms = unpack 'd>', _take($b, $pos, 8);
        _take($b, $pos, 2);
        return $ms;
    }

    if ($type == REFERENCE) {
        _take($b, $pos, 2);
        return undef;
    }

    die sprintf 'amf: unknown type 0x%02x at %d', $type, $$pos - 1;
}


sub _object {
    my ($b, $pos) = @_;

    my %h;

    while (1) {
        my $name = _take($b, $pos, unpack 'n', _take($b, $pos, 2));

        if ($name eq '' && substr($b, $$pos, 1) eq chr OBJECT_END) {
            $$pos++;
            return \%h;
        }

        $h{$name} = _decode($b, $pos);
    }
}


sub _take {
    my ($b, $pos, $n) = @_;

    die "amf: ends at " . length($b) . ", wanted " . ($$pos + $n)
        if $$pos + $n > length $b;

    my $taken = substr $b, $$pos, $n;
    $$pos += $n;

    return $taken;
}

1;
