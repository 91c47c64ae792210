// The service over HTTP.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "aacft/serve/service.h"

namespace aacft {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;                                        // 0: any that is free
  std::size_t most_head = 16 << 10, most_body = 1 << 20;  // bytes
  std::size_t most_connections = 256;                     // answered at once; others wait to be accepted
  double head_seconds = 10, body_seconds = 30;            // until all of it must have come
  double write_seconds = 20;                              // until a piece of an answer must have been taken
};

// Whether only this machine can reach it.
bool is_loopback(const std::string& host);

// A connection carries one request. Clients that are slow to ask or to listen are dropped; one that goes away while it
// waits ends what was computed for it.
class Server {
 public:
  // Listens at once, but answers only in run(). Error where the address cannot be had. The service must outlive this.
  Server(Service& service, const ServerOptions& options);
  Server(const Server&) = delete;
  ~Server();

  int port() const;

  // Answers until stop().
  void run();

  // From another thread: nothing new is taken; what is under way may go on for that long. run() returns then.
  void stop(std::chrono::milliseconds wait);

 private:
  class Http;
  Service& service_;
  std::unique_ptr<Http> http_;
};

}  // namespace aacft
