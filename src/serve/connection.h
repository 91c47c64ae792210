// A client's connection, with a limit for the time that everything may take.
#pragma once

#include <httplib.h>

#include <atomic>
#include <string>
#include <string_view>

#include "aacft/serve/http.h"
#include "aacft/serve/server.h"
#include "serve/request_head.h"

namespace aacft {

// Reads the head, checks it, and gives the library one of its own making: that of a request for "/", with the length of
// the body and nothing else that could be read in two ways.
class Connection : public httplib::Stream {
 public:
  // stopping: nobody waits for what has not come yet. Both must outlive this. Closes the socket in the end.
  Connection(int socket, const ServerOptions& options, const std::atomic<bool>& stopping);
  Connection(const Connection&) = delete;
  ~Connection() override;

  // False where the client said nothing. HttpError for a head that is refused.
  bool read_head();
  const RequestHead& head() const { return head_; }
  std::string client() const;
  bool present() const;  // the client still listens

  // The answer to a request that the library never sees.
  void write_whole(const HttpResponse& response);

  // Ends the sending, and takes what the client still sends, lest its computer forget the answer.
  void linger();

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* data, size_t size) override;
  ssize_t write(const char* data, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  bool wait_for(short events, double until) const;
  ssize_t receive(char* data, std::size_t size, double until);

  const int socket_;
  const ServerOptions& options_;
  const std::atomic<bool>& stopping_;
  RequestHead head_;
  std::string given_;  // what read() gives before the socket's bytes
  std::size_t given_at_ = 0;
  std::size_t body_left_ = 0;  // bytes of the body that are still in the socket
  bool surplus_ = false;       // the client sent more than its request
  double body_until_ = 0;
};

}  // namespace aacft
