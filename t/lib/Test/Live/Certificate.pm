# SPDX-License-Identifier: BSD-2-Clause

# A certificate authority for a test, and what it has signed.
#
#   my $c = Test::Live::Certificate->new($t);
#   $c->ca                                  PEM file, for those who verify
#   my $s = $c->server(names => ['localhost', '127.0.0.1']);
#   $s->{cert}, $s->{key}                   PEM files of a server
#
# server(): names, hosts and addresses (localhost, 127.0.0.1 and ::1);
# expired => 1, since yesterday; other_ca => 1, signed by somebody unknown.
# The wrong name is any other than the one that is dialed.
#
# All of a test have the same authority, so that one file is trusted.  Needs
# openssl.

package Test::Live::Certificate;

use strict;
use warnings;

use POSIX qw(strftime);

my %of_test;


sub new {
    my ($class, $t) = @_;

    return $of_test{$t->dir} ||= bless { t => $t, count => 0 }, $class;
}


sub ca {
    my ($self) = @_;
    return $self->_authority('ca')->{cert};
}


# the same names and kind give the same files

sub server {
    my ($self, %o) = @_;

    my @names = @{ $o{names} || [qw(localhost 127.0.0.1 ::1)] };
    my $kind = join ' ', @names, $o{expired} ? 1 : 0, $o{other_ca} ? 1 : 0;

    return $self->{server}{$kind} ||= $self->_sign(
        $self->_authority($o{other_ca} ? 'other-ca' : 'ca'),
        $names[0], join(',', map { _is_address($_) ? "IP:$_" : "DNS:$_" }
            @names),
        $o{expired} ? (-10, -1) : (-1, 10));
}


sub _is_address { return $_[0] =~ /:/ || $_[0] =~ /^\d+(?:\.\d+){3}$/ }


sub _authority {
    my ($self, $name) = @_;

    return $self->{$name} if $self->{$name};

    my $dir = $self->{t}->mkdir("tls/$name");
    my $made = { dir => $dir, cert => "$dir/ca.crt", key => "$dir/ca.key" };

    $self->{t}->write("tls/$name/index.txt", '');
    $self->{t}->write("tls/$name/openssl.cnf", <<"END_CONF");
[req]
distinguished_name = name
x509_extensions = authority
prompt = no

[name]
CN = Test $name

[authority]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash

[ca]
default_ca = issue

[issue]
dir = $dir
database = $dir/index.txt
new_certs_dir = $dir
certificate = $made->{cert}
private_key = $made->{key}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no

[any]
commonName = supplied
END_CONF

    $self->_openssl('req', '-x509', '-config', "$dir/openssl.cnf", '-days', 20,
        _new_key(), '-keyout', $made->{key}, '-out', $made->{cert});

    return $self->{$name} = $made;
}


# days of the beginning and of the end, from now

sub _sign {
    my ($self, $authority, $name, $names, $from, $to) = @_;

    my $file = "$authority->{dir}/server-" . ++$self->{count};
    my $made = { cert => "$file.crt", key => "$file.key" };

    $self->_openssl('req', '-new', '-config', "$authority->{dir}/openssl.cnf",
        '-subj', "/CN=$name", _new_key(), '-keyout', $made->{key},
        '-out', "$file.csr");

    open(my $ext, '>', "$file.ext") or die "$file.ext: $!";
    print $ext <<"END_EXT";
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
subjectAltName = $names
END_EXT
    close $ext or die "$file.ext: $!";

    $self->_openssl('ca', '-batch', '-notext', '-config',
        "$authority->{dir}/openssl.cnf", '-extfile', "$file.ext",
        '-startdate', _when($from), '-enddate', _when($to),
        '-in', "$file.csr", '-out', $made->{cert});

    return $made;
}


sub _new_key {
    return qw(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes);
}


sub _when {
    my ($days) = @_;
    return strftime('%Y%m%d%H%M%SZ', gmtime(time + $days * 86400));
}


sub _openssl {
    my ($self, @args) = @_;

    my $p = $self->{t}->spawn('openssl', 'openssl', @args);
    my $status = $p->wait(30);

    die "openssl $args[0] failed: " . $p->stderr
        if !defined $status || $status != 0;

    return;
}

1;
