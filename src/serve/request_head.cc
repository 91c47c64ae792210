#include "serve/request_head.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "aacft/serve/http.h"

namespace aacft {
namespace {

constexpr std::size_t kMostTarget = 2048, kMostHeaders = 100;

[[noreturn]] void malformed(const std::string& what) { throw HttpError(400, "the request is malformed: " + what); }

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.find(c) != kMarks.npos;
  });
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decoded_path(std::string_view target) {
  target = target.substr(0, target.find('?'));
  std::string path;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] != '%') {
      path += target[i];
      continue;
    }
    const int high = i + 2 < target.size() ? digit(target[i + 1]) : -1;
    const int low = i + 2 < target.size() ? digit(target[i + 2]) : -1;
    if (high < 0 || low < 0) malformed("a percent sign in the address stands for nothing");
    path += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!valid_utf8(path) || std::any_of(path.begin(), path.end(), is_control)) malformed("bytes in the address");
  return path;
}

void read_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' '), second = line.find(' ', first + 1);
  if (first == line.npos || second == line.npos) malformed("its first line");
  head.method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, second - first - 1), version = line.substr(second + 1);
  if (!is_token(head.method) || head.method.size() > 20) malformed("its method");
  if (target.size() > kMostTarget) throw HttpError(414, "the address is too long");
  if (!target.starts_with('/') ||
      std::any_of(target.begin(), target.end(), [](char c) { return c <= ' ' || c >= 0x7F; }))
    malformed("its address");
  if (version != "HTTP/1.1") throw HttpError(505, "only HTTP/1.1 is spoken here");
  head.path = decoded_path(target);
}

void read_header(std::string_view line, RequestHead& head) {
  static const std::set<std::string> kOnce = {
      "host",   "content-length",   "content-type", "transfer-encoding", "authorization",
      "origin", "content-encoding", "cookie",       "sec-fetch-site",    "sec-fetch-mode",
      "expect"};
  const std::size_t colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon))) malformed("a header's name");
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (std::any_of(value.begin(), value.end(), [](char c) { return is_control(c) && c != '\t'; }))
    malformed("a header's value");
  if (!head.headers.emplace(name, value).second && kOnce.contains(name)) malformed("two headers \"" + name + "\"");
}

void check_body(RequestHead& head, std::size_t most_body) {
  if (head.headers.contains("transfer-encoding"))
    throw HttpError(411, "Transfer-Encoding is not understood; send a Content-Length");
  if (head.headers.contains("content-encoding"))
    throw HttpError(415, "send the body as it is, without Content-Encoding");
  if (const auto expect = head.headers.find("expect"); expect != head.headers.end() && expect->second != "100-continue")
    throw HttpError(417, "only Expect: 100-continue is understood");
  const auto length = head.headers.find("content-length");
  if (length == head.headers.end()) {
    if (head.method == "POST") throw HttpError(411, "a POST needs a Content-Length");
    return;
  }
  const std::string& digits = length->second;
  if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789") != digits.npos)
    malformed("its Content-Length");
  std::from_chars(digits.data(), digits.data() + digits.size(), head.body_bytes);
  if (head.body_bytes > most_body)
    throw HttpError(413, "the body has more than " + std::to_string(most_body) + " bytes");
  if (head.method != "POST" && head.body_bytes > 0) malformed("a body that is no POST's");
}

}  // namespace

RequestHead parse_request_head(std::string_view text, std::size_t most_body) {
  RequestHead head;
  std::size_t lines = 0;
  while (!text.starts_with("\r\n")) {
    const std::size_t end = text.find("\r\n");
    if (end == text.npos) malformed("its end");
    const std::string_view line = text.substr(0, end);
    if (line.find_first_of("\r\n") != line.npos || line.find('\0') != line.npos) malformed("a line's end");
    if (lines == 0) {
      read_request_line(line, head);
    } else {
      read_header(line, head);
    }
    if (++lines > kMostHeaders) throw HttpError(431, "the request has too many headers");
    text.remove_prefix(end + 2);
  }
  if (lines == 0) malformed("it is empty");
  if (!head.headers.contains("host")) malformed("it has no Host");
  check_body(head, most_body);
  return head;
}

}  // namespace aacft
