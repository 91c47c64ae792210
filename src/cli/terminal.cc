#include "cli/terminal.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"

namespace aacft::cli {

void set_up_warnings() {
  auto logger = spdlog::stderr_color_mt("aacft");
  logger->set_pattern("%^%l%$: %v");
  spdlog::set_default_logger(logger);
}

void warn(const std::string& message) { spdlog::warn("{}", presentable(message)); }

std::string standard_input() {
  if (::isatty(STDIN_FILENO) == 1) std::cerr << "(reading from the terminal; Ctrl-D ends)\n";
  return without_byte_order_mark({std::istreambuf_iterator<char>(std::cin), {}});
}

void flush_output() {
  std::cout.flush();
  if (!std::cout || std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw Error("cannot write to standard output; is the disk full?");
}

}  // namespace aacft::cli
