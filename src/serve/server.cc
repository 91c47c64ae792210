#include "aacft/serve/server.h"

#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "aacft/base/error.h"
#include "serve/connection.h"

namespace aacft {
namespace {

constexpr int kBacklog = 512;

// The request that this thread answers: the library's own does not know whether the client is still there.
thread_local const Connection* answered = nullptr;

// A thread for each connection, up to a number; above it nothing is accepted until one ends.
class Threads : public httplib::TaskQueue {
 public:
  explicit Threads(std::size_t most) : most_(most) {}

  void enqueue(std::function<void()> job) override {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return busy_ + jobs_.size() < most_ || ending_; });
    jobs_.push_back(std::move(job));
    if (busy_ + jobs_.size() > threads_.size()) threads_.emplace_back([this] { work(); });
    wake_.notify_one();
  }

  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      wake_.notify_all();
      room_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return !jobs_.empty() || ending_; });
      if (jobs_.empty()) return;
      const std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      ++busy_;
      lock.unlock();
      job();
      lock.lock();
      --busy_;
      room_.notify_one();
    }
  }

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable wake_, room_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  std::size_t busy_ = 0;
  bool ending_ = false;
};

}  // namespace

class Server::Http : public httplib::Server {
 public:
  Http(Service& service, const ServerOptions& options) : service_(service), options_(options) {
    const auto answer = [this](const httplib::Request& request, httplib::Response& response) {
      give(request, response);
    };
    Get("/", answer);
    Post("/", answer);
    set_payload_max_length(options_.most_body);
    new_task_queue = [this] { return new Threads(options_.most_connections); };
    // The library's own options would let two servers share a port.
    set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
  }

  int bind() {
    errno = 0;
    const int port = options_.port == 0                           ? bind_to_any_port(options_.host)
                     : bind_to_port(options_.host, options_.port) ? options_.port
                                                                  : -1;
    if (port < 0)
      throw aacft::Error("cannot listen at ", options_.host, ":", options_.port,
                         errno != 0 ? std::string(": ") + std::strerror(errno) : std::string(),
                         "; choose another --port or --host, or end the program that has it");
    ::listen(svr_sock_, kBacklog);  // the library asks for 5
    return port;
  }

  // Waits that long for answers to be sent.
  void end_connections(std::chrono::milliseconds wait) {
    {
      std::unique_lock lock(mutex_);
      idle_.wait_for(lock, wait, [&] { return answering_ == 0; });
    }
    stopping_ = true;
  }

 private:
  bool process_and_close_socket(socket_t socket) override {
    Connection connection(socket, options_, stopping_);
    try {
      if (!connection.read_head()) return false;
    } catch (const HttpError& error) {
      service_.metrics().count_request("refused", error.status());
      connection.write_whole(error_response(error));
      connection.linger();
      return false;
    }
    count_answering(1);
    answered = &connection;
    bool closed = false;
    const bool good = process_request(connection, true, closed, nullptr);
    answered = nullptr;
    connection.linger();
    count_answering(-1);
    return good;
  }

  void count_answering(int change) {
    const std::lock_guard lock(mutex_);
    answering_ += change;
    if (answering_ == 0) idle_.notify_all();
  }

  void give(const httplib::Request& library_request, httplib::Response& response) {
    const Connection* connection = answered;
    const RequestHead& head = connection->head();
    HttpRequest request{head.method,          head.path,
                        head.headers,         library_request.body,
                        connection->client(), [connection] { return connection->present(); }};
    HttpResponse answer = service_.answer(request);
    response.status = answer.status;
    for (const auto& [name, value] : answer.headers) response.set_header(name, value);
    if (!answer.stream) {
      response.set_header("Content-Type", answer.type);
      response.body = std::move(answer.body);
      return;
    }
    response.set_chunked_content_provider(answer.type, [stream = std::move(answer.stream)](std::size_t,
                                                                                           httplib::DataSink& sink) {
      stream([&sink](std::string_view piece) { return sink.is_writable() && sink.write(piece.data(), piece.size()); });
      sink.done();
      return true;
    });
  }

  Service& service_;
  const ServerOptions options_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable idle_;
  int answering_ = 0;  // requests that were read

 public:
  int bound_port = 0;
  std::atomic<bool> entered = false, stopped = false;
};

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of(".0123456789") == host.npos);
}

Server::Server(Service& service, const ServerOptions& options)
    : service_(service), http_(std::make_unique<Http>(service, options)) {
  http_->bound_port = http_->bind();
}

Server::~Server() = default;

int Server::port() const { return http_->bound_port; }

void Server::run() {
  http_->entered = true;
  if (!http_->stopped) http_->listen_after_bind();
  http_->entered = false;
}

void Server::stop(std::chrono::milliseconds wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  service_.end(wait);
  // What was computed must still be sent.
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  http_->end_connections(std::max(left, std::chrono::milliseconds(1000)));
  http_->stopped = true;
  // The library does not hear who stops it while it starts.
  while (http_->entered && !http_->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  http_->stop();
}

}  // namespace aacft
