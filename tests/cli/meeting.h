// Several workers on this machine.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <memory>

#include "support.h"

namespace aacft::testing {

using Environment = std::vector<std::pair<std::string, std::string>>;

// A port that was free a moment ago.
inline std::string free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return std::to_string(ntohs(address.sin_port));
}

// What workers share; each one's rank comes to it.
inline Environment meeting(int size) {
  return {{"WORLD_SIZE", std::to_string(size)}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", free_port()}};
}
inline Environment rank(int rank) { return {{"RANK", std::to_string(rank)}}; }

inline void set(const Environment& environment) {
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
}

inline std::unique_ptr<Process> start(const fs::path& folder, const Arguments& arguments,
                                      const Environment& environment) {
  return std::make_unique<Process>(folder, arguments, [environment] { set(environment); });
}

}  // namespace aacft::testing
