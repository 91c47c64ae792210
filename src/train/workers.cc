#include "aacft/train/workers.h"

#include <c10/util/Logging.h>
#include <netdb.h>
#include <sys/socket.h>
#include <torch/types.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "aacft/base/system.h"

namespace aacft {
namespace {

using at::Tensor;

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

std::int64_t number(const char* name, std::int64_t least, std::int64_t most) {
  const char* text = variable(name);
  if (text == nullptr)
    throw UsageError(name, " is not set; several workers need RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT");
  std::int64_t value = 0;
  const char* end = text + std::string_view(text).size();
  if (const auto [at, error] = std::from_chars(text, end, value);
      error != std::errc() || at != end || value < least || value > most)
    throw UsageError(name, "=", text, " is not a number from ", least, " to ", most);
  return value;
}

// The names of rank and size that the environment uses; none where this process is alone.
std::optional<std::pair<const char*, const char*>> names_of_rank_and_size() {
  if (variable("RANK") || variable("WORLD_SIZE")) return {{"RANK", "WORLD_SIZE"}};
  if (!variable("MASTER_ADDR")) return {};
  for (const auto& [rank, size] : {std::pair{"SLURM_PROCID", "SLURM_NTASKS"},
                                   {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                   {"PMI_RANK", "PMI_SIZE"}})
    if (variable(rank) && variable(size)) return {{rank, size}};
  throw UsageError(
      "MASTER_ADDR is set, but not which worker this is: RANK and WORLD_SIZE; unset it to train with one process");
}

// libtorch's messages begin with a place in its source, and end with a stack trace.
std::string plain(const std::exception& error) {
  std::string text = error.what();
  text = text.substr(0, text.find('\n'));
  if (const auto place = text.find("] "); text.starts_with("[") && place != text.npos) text.erase(0, place + 2);
  while (text.ends_with('.')) text.pop_back();
  return text;
}

// This machine's address on the way to the first worker. The name of a machine, which Gloo would go by, often
// means an address that no other machine can reach.
std::string own_address(const char* master, std::uint16_t port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_DGRAM;  // connecting sends nothing
  if (const int error = ::getaddrinfo(master, std::to_string(port).c_str(), &hints, &found); error != 0)
    throw Error("MASTER_ADDR=", master, ": ", ::gai_strerror(error));
  std::string address;
  for (const addrinfo* at = found; at != nullptr && address.empty(); at = at->ai_next) {
    const int fd = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, 0);
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    char text[NI_MAXHOST];
    if (fd >= 0 && ::connect(fd, at->ai_addr, at->ai_addrlen) == 0 &&
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
        ::getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
      address = text;
    if (fd >= 0) ::close(fd);
  }
  ::freeaddrinfo(found);
  if (address.empty()) throw Error("MASTER_ADDR=", master, ": there is no way to it from this machine");
  return address;
}

bool is_loopback(const std::string& address) { return address.starts_with("127.") || address == "::1"; }

Tensor as_tensor(std::span<double> values) {
  return at::from_blob(values.data(), {static_cast<std::int64_t>(values.size())}, at::kDouble);
}

}  // namespace

struct Workers::Group {
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;

  Group(int rank, int size) {
    const char* master = variable("MASTER_ADDR");
    if (master == nullptr) throw UsageError("MASTER_ADDR is not set: the address of the machine with worker 0");
    auto port = static_cast<std::uint16_t>(number("MASTER_PORT", 1, 65534));
    // torchrun's own store listens there, and one of another version may not understand ours.
    if (const char* torchrun = variable("TORCHELASTIC_USE_AGENT_STORE");
        torchrun != nullptr && std::string_view(torchrun) == "True")
      ++port;
    const std::chrono::seconds timeout(variable("AACFT_WORKER_TIMEOUT") ? number("AACFT_WORKER_TIMEOUT", 1, 1'000'000)
                                                                        : 600);
    const std::string address = own_address(master, port);
    const char* interface = variable("GLOO_SOCKET_IFNAME");
    FLAGS_caffe2_log_level = 3;  // what goes wrong is said once, here
    try {
      c10d::TCPStoreOptions meeting;
      meeting.port = port;
      meeting.isServer = rank == 0;
      meeting.numWorkers = static_cast<std::size_t>(size);
      meeting.timeout = timeout;
      const auto store = c10::make_intrusive<c10d::TCPStore>(master, meeting);
      check_addresses(*store, rank, size, interface == nullptr && is_loopback(address));
      const auto options = c10d::ProcessGroupGloo::Options::create(timeout);
      options->devices.push_back(interface != nullptr ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                                                      : c10d::ProcessGroupGloo::createDeviceForHostname(address));
      gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, options);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw Error(
          "worker ", rank, " of ", size, " did not meet the others at ", master, " port ", port, " (from ", address,
          "): ", plain(error),
          "; do all run, with the same MASTER_ADDR, MASTER_PORT and WORLD_SIZE, and is the port free and open?");
    }
  }

  // Workers that listen on their loopback device are only found from the same machine.
  static void check_addresses(c10d::Store& store, int rank, int size, bool loopback) {
    const auto key = [](int worker) { return "loopback/" + std::to_string(worker); };
    store.set(key(rank), std::vector<std::uint8_t>{loopback});
    for (int other = 0; other < size; ++other)
      if ((store.get(key(other)).at(0) != 0) != loopback)
        throw Error("MASTER_ADDR=", variable("MASTER_ADDR"), " means this machine alone for worker ",
                    loopback ? rank : other,
                    "; give the address by which the others reach worker 0's machine, or name the network in "
                    "GLOO_SOCKET_IFNAME");
  }
};

Workers::Workers() {
  const auto names = names_of_rank_and_size();
  if (!names) return;
  size_ = static_cast<int>(number(names->second, 1, 1 << 16));
  if (size_ == 1) return;
  rank_ = static_cast<int>(number(names->first, 0, size_ - 1));
  group_ = std::make_unique<Group>(rank_, size_);
}

Workers::~Workers() = default;

template <typename Collective>
void Workers::wait_for(const Collective& collective) {
  const double started = wall_seconds();
  try {
    collective()->wait();
  } catch (const std::exception& error) {
    throw WorkerLost("another worker has ended or cannot be reached (", plain(error), "); it may have said why");
  }
  seconds_ += wall_seconds() - started;
}

// Everyone's tensor, in the order of ranks.
std::vector<Tensor> Workers::gather(const Tensor& mine) {
  std::vector<Tensor> input = {mine};
  std::vector<std::vector<Tensor>> all(1);
  for (int i = 0; i < size_; ++i) all[0].push_back(at::empty_like(mine));
  wait_for([&] { return group_->gloo->allgather(all, input); });
  return all[0];
}

void Workers::sum(const std::vector<Tensor>& tensors) {
  if (size_ == 1) return;
  constexpr std::int64_t kMessage = 4 << 20;  // values: an adapter is one message, a whole model is not
  for (std::size_t first = 0, end; first < tensors.size(); first = end) {
    std::vector<Tensor> flat;
    std::vector<std::int64_t> sizes;
    std::int64_t values = 0;
    for (end = first; end < tensors.size() && values < kMessage; ++end) {
      flat.push_back(tensors[end].flatten());
      sizes.push_back(tensors[end].numel());
      values += sizes.back();
    }
    const std::vector<Tensor> all = gather(at::cat(flat));
    for (int worker = 1; worker < size_; ++worker) all[0].add_(all[static_cast<std::size_t>(worker)]);
    const std::vector<Tensor> sums = all[0].split_with_sizes(sizes);
    for (std::size_t i = 0; i < sums.size(); ++i) tensors[first + i].copy_(sums[i].view_as(tensors[first + i]));
  }
}

void Workers::sum(std::span<double> values) {
  if (size_ == 1) return;
  const std::vector<Tensor> all = gather(as_tensor(values));
  for (int worker = 1; worker < size_; ++worker) all[0].add_(all[static_cast<std::size_t>(worker)]);
  as_tensor(values).copy_(all[0]);
}

bool Workers::any(bool flag) {
  double count = flag ? 1 : 0;
  sum(std::span(&count, 1));
  return count > 0;
}

void Workers::share(const std::vector<Tensor>& tensors) {
  if (size_ == 1) return;
  for (const Tensor& tensor : tensors) {
    std::vector<Tensor> one = {tensor};
    wait_for([&] { return group_->gloo->broadcast(one); });
  }
}

std::vector<std::string> Workers::gather(const std::string& text) {
  if (size_ == 1) return {text};
  std::vector<double> lengths(static_cast<std::size_t>(size_));
  lengths[static_cast<std::size_t>(rank_)] = static_cast<double>(text.size());
  sum(lengths);
  std::string padded = text;
  padded.resize(static_cast<std::size_t>(*std::max_element(lengths.begin(), lengths.end())) + 1);
  std::vector<std::string> texts;
  for (const Tensor& of_one :
       gather(at::from_blob(padded.data(), {static_cast<std::int64_t>(padded.size())}, at::kByte)))
    texts.emplace_back(static_cast<const char*>(of_one.data_ptr()), static_cast<std::size_t>(lengths[texts.size()]));
  return texts;
}

}  // namespace aacft
