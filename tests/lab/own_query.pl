#!/usr/bin/perl
# own_query.pl NAME: asks the first name server of resolv.conf by itself, as old programs with a resolver of their own
# do. Prints the addresses.
use strict;
use warnings;
use Net::DNS;
use Socket;

my $resolver = Net::DNS::Resolver->new(force_v4 => 1, udp_timeout => 5);
my $answer = $resolver->query($ARGV[0], 'A');
my @addresses = map { $_->address } grep { $_->type eq 'A' } $answer ? $answer->answer : ();
print "@addresses\n";
