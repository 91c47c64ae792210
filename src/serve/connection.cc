#include "serve/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "aacft/base/system.h"

namespace aacft {
namespace {

constexpr int kGlance = 50;  // ms

std::string text_of_address(const sockaddr_storage& address, int* port) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    *port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    *port = ntohs(v6.sin6_port);
  }
  return text;
}

const char* reason_of(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 411: return "Length Required";
    case 413: return "Payload Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 431: return "Request Header Fields Too Large";
    default: return "Refused";
  }
}

}  // namespace

Connection::Connection(int socket, const ServerOptions& options, const std::atomic<bool>& stopping)
    : socket_(socket), options_(options), stopping_(stopping) {
  const int yes = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

Connection::~Connection() { ::close(socket_); }

bool Connection::wait_for(short events, double until) const {
  while (!stopping_) {
    pollfd wait{socket_, events, 0};
    const int ready = ::poll(&wait, 1, kGlance);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (wall_seconds() > until) return false;
  }
  return false;
}

// 0 at the end, -1 where nothing came in time.
ssize_t Connection::receive(char* data, std::size_t size, double until) {
  while (wait_for(POLLIN, until)) {
    const ssize_t count = ::recv(socket_, data, size, MSG_DONTWAIT);
    if (count >= 0) return count;
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return -1;
    if (wall_seconds() > until) return -1;
  }
  return -1;
}

bool Connection::read_head() {
  const double until = wall_seconds() + options_.head_seconds;
  std::string text;
  std::size_t end = text.npos;
  while (end == text.npos) {
    if (text.size() > options_.most_head) throw HttpError(431, "the request's headers are too long");
    char buffer[4096];
    const ssize_t count = receive(buffer, sizeof buffer, until);
    if (count <= 0 && text.empty()) return false;
    if (count < 0 && !stopping_) throw HttpError(408, "the request took too long");
    if (count <= 0) return false;
    const std::size_t searched = text.size() < 3 ? 0 : text.size() - 3;
    text.append(buffer, static_cast<std::size_t>(count));
    end = text.find("\r\n\r\n", searched);
  }
  if (end > options_.most_head) throw HttpError(431, "the request's headers are too long");
  head_ = parse_request_head(std::string_view(text).substr(0, end + 4), options_.most_body);
  std::string body = text.substr(end + 4);
  surplus_ = body.size() > head_.body_bytes;
  body.resize(std::min(body.size(), head_.body_bytes));
  body_left_ = head_.body_bytes - body.size();
  body_until_ = wall_seconds() + options_.body_seconds;
  const bool post = head_.method == "POST";
  given_ = (post                     ? "POST"
            : head_.method == "HEAD" ? "HEAD"
                                     : "GET") +
           std::string(" / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n");
  if (post)
    given_ += "Content-Type: application/octet-stream\r\nContent-Length: " + std::to_string(head_.body_bytes) + "\r\n";
  if (body_left_ > 0 && head_.headers.contains("expect")) given_ += "Expect: 100-continue\r\n";
  given_ += "\r\n" + body;
  return true;
}

std::string Connection::client() const {
  std::string ip;
  int port = 0;
  get_remote_ip_and_port(ip, port);
  return ip;
}

bool Connection::present() const {
  pollfd wait{socket_, POLLRDHUP, 0};
  return ::poll(&wait, 1, 0) == 0;
}

void Connection::write_whole(const HttpResponse& response) {
  const std::string text =
      "HTTP/1.1 " + std::to_string(response.status) + " " + reason_of(response.status) +
      "\r\nConnection: close\r\nX-Content-Type-Options: nosniff\r\nContent-Type: " + response.type +
      "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n\r\n" + response.body;
  write(text.data(), text.size());
  surplus_ = true;
}

void Connection::linger() {
  ::shutdown(socket_, SHUT_WR);
  if (!surplus_ && body_left_ == 0) return;
  const double until = wall_seconds() + 1;
  std::size_t taken = 0;
  char buffer[16384];
  while (taken < (std::size_t{4} << 20)) {
    const ssize_t count = receive(buffer, sizeof buffer, until);
    if (count <= 0) return;
    taken += static_cast<std::size_t>(count);
  }
}

bool Connection::is_readable() const { return given_at_ < given_.size() || body_left_ > 0; }

bool Connection::is_writable() const { return present() && !stopping_; }

ssize_t Connection::read(char* data, size_t size) {
  if (given_at_ < given_.size()) {
    const std::size_t count = std::min(size, given_.size() - given_at_);
    std::copy_n(given_.data() + given_at_, count, data);
    given_at_ += count;
    return static_cast<ssize_t>(count);
  }
  if (body_left_ == 0) return 0;
  const ssize_t count = receive(data, std::min(size, body_left_), body_until_);
  if (count > 0) body_left_ -= static_cast<std::size_t>(count);
  return count;
}

// All of it, or nothing that counts: the library does not go on with the rest of a piece.
ssize_t Connection::write(const char* data, size_t size) {
  const double until = wall_seconds() + options_.write_seconds * (1 + static_cast<double>(size) / 1e6);
  std::size_t done = 0;
  while (done < size) {
    if (!wait_for(POLLOUT, until)) return -1;
    const ssize_t count = ::send(socket_, data + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) done += static_cast<std::size_t>(count);
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return -1;
    if (wall_seconds() > until) return -1;
  }
  return static_cast<ssize_t>(size);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0) ip = text_of_address(address, &port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0) ip = text_of_address(address, &port);
}

}  // namespace aacft
