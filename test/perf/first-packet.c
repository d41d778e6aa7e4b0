// SPDX-License-Identifier: Apache-2.0
/*
 * first-packet serve ADDRESS PORT         answers every datagram with itself, until it is ended
 * first-packet ping ADDRESS PORT COUNT    COUNT flows of two datagrams each, every flow from a port of its own;
 *                                         prints "FIRST_NS SECOND_NS" a line; -1 where no answer came within a second
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long round_trip_ns(int fd)
{
	char octets[16] = "balise";
	long long start = now_ns();

	if (send(fd, octets, sizeof(octets), 0) != sizeof(octets) || recv(fd, octets, sizeof(octets), 0) < 0)
		return -1;
	return now_ns() - start;
}

static int ping(const struct sockaddr_in *to, int count)
{
	struct timeval timeout = { .tv_sec = 1 };

	for (int i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);
		long long first, second;

		if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
		    connect(fd, (const struct sockaddr *)to, sizeof(*to))) {
			perror("ping");
			return 1;
		}
		first = round_trip_ns(fd);
		second = round_trip_ns(fd);
		printf("%lld %lld\n", first, second);
		close(fd);
	}
	return 0;
}

static int serve(const struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)at, sizeof(*at))) {
		perror("serve");
		return 1;
	}
	for (;;) {
		char octets[2048];
		struct sockaddr_in from;
		socklen_t length = sizeof(from);
		ssize_t got = recvfrom(fd, octets, sizeof(octets), 0, (struct sockaddr *)&from, &length);

		if (got >= 0)
			sendto(fd, octets, got, 0, (struct sockaddr *)&from, length);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in peer = { .sin_family = AF_INET };

	if (argc < 4 || inet_pton(AF_INET, argv[2], &peer.sin_addr) != 1) {
		fprintf(stderr, "first-packet serve|ping ADDRESS PORT [COUNT]\n");
		return 2;
	}
	peer.sin_port = htons(atoi(argv[3]));
	if (!strcmp(argv[1], "serve"))
		return serve(&peer);
	return ping(&peer, argc > 4 ? atoi(argv[4]) : 1);
}
