/* The floor in C: what comes in at one socket goes out at the other, untouched and unchecked. One thread, one epoll. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define MOST_EVENTS 512

static int connected_socket(int port, int *own_port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) exit(1);
  if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) exit(1);
  *own_port = ntohs(address.sin_port);
  address.sin_port = htons(port);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) exit(1);
  return fd;
}

int main(void) {
  static int partner[65536];
  static struct epoll_event events[MOST_EVENTS];
  static char packet[2048];
  char line[64];
  int epoll = epoll_create1(0);
  puts("plain relay in C");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL && line[0] != '\n') {
    int phones[2], own[2], fds[2];
    if (sscanf(line, "%d %d", &phones[0], &phones[1]) != 2) return 1;
    for (int side = 0; side < 2; side++) {
      fds[side] = connected_socket(phones[side], &own[side]);
      struct epoll_event wish = {.events = EPOLLIN, .data.fd = fds[side]};
      if (fds[side] >= 65536 || epoll_ctl(epoll, EPOLL_CTL_ADD, fds[side], &wish) < 0) return 1;
    }
    partner[fds[0]] = fds[1];
    partner[fds[1]] = fds[0];
    printf("%d %d\n", own[0], own[1]);
  }
  fflush(stdout);
  for (;;) {
    int ready = epoll_wait(epoll, events, MOST_EVENTS, -1);
    for (int n = 0; n < ready; n++) {
      int fd = events[n].data.fd;
      ssize_t length = recv(fd, packet, sizeof packet, 0);
      if (length > 0) (void)!send(partner[fd], packet, length, MSG_NOSIGNAL);
    }
  }
}
