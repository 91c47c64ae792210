#include "serve/request_head.h"

#include <gtest/gtest.h>

#include "aacft/serve/http.h"

namespace aacft {
namespace {

RequestHead parse(const std::string& head) { return parse_request_head(head, 1000); }

int status(const std::string& head) {
  try {
    parse(head);
    return 200;
  } catch (const HttpError& error) {
    return error.status();
  }
}

std::string get(const std::string& target, const std::string& headers = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}

std::string post(const std::string& headers) { return "POST / HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n"; }

TEST(RequestHead, IsRead) {
  const RequestHead head = parse(
      "POST /a%20b/%C3%A9?x=%00 HTTP/1.1\r\nhOST: localhost:8080 \r\nContent-Length:\t12\r\n"
      "Accept: a\r\nAccept: b\r\nX-Empty:\r\n\r\n");
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.path, "/a b/\xC3\xA9");
  EXPECT_EQ(head.body_bytes, 12u);
  EXPECT_EQ(head.headers.at("host"), "localhost:8080");
  EXPECT_EQ(head.headers.at("accept"), "a");
  EXPECT_EQ(head.headers.at("x-empty"), "");
  EXPECT_EQ(parse(get("/")).body_bytes, 0u);
}

TEST(RequestHead, RefusesWhatIsMalformed) {
  for (const std::string head :
       {"\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        "G\tT / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\nHost: x\r\n\r\n"})
    EXPECT_EQ(status(head), 400) << head;
  EXPECT_EQ(status(std::string("GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n", 29)), 400);
  for (const char* target : {"/%", "/%4", "/%zz", "/%00", "/a%0Ab", "/%ff", "/\xC3\xA9"})
    EXPECT_EQ(status(get(target)), 400) << target;
  EXPECT_EQ(status("GET / HTTP/1.0\r\nHost: x\r\n\r\n"), 505);
  EXPECT_EQ(status("GET / HTTP/2\r\nHost: x\r\n\r\n"), 505);
  EXPECT_EQ(status(get("/" + std::string(3000, 'a'))), 414);
  std::string many;
  for (int i = 0; i < 200; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(status(get("/", many)), 431);
}

// What one reader takes for a body another might take for the next request.
TEST(RequestHead, LeavesNoDoubtWhereTheBodyEnds) {
  EXPECT_EQ(status(post("")), 411);
  EXPECT_EQ(status(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), 411);
  EXPECT_EQ(status(post("Transfer-Encoding: chunked\r\n")), 411);
  EXPECT_EQ(status(post("Transfer-Encoding : chunked\r\nContent-Length: 5\r\n")), 400);
  EXPECT_EQ(status(post("Content-Length: 5\r\nContent-Length: 5\r\n")), 400);
  EXPECT_EQ(status(post("Content-Length: 5\r\nContent-Length: 6\r\n")), 400);
  for (const char* length : {"", "+5", "-5", "0x5", "5,5", "5 5", "99999999999999999999"})
    EXPECT_EQ(status(post("Content-Length: " + std::string(length) + "\r\n")), 400) << length;
  EXPECT_EQ(status(post("Content-Length: 1001\r\n")), 413);
  EXPECT_EQ(status(post("Content-Length: 999999999999999999\r\n")), 413);
  EXPECT_EQ(status(post("Content-Length: 1000\r\n")), 200);
  EXPECT_EQ(status(post("Content-Length: 5\r\nContent-Encoding: gzip\r\n")), 415);
  EXPECT_EQ(status(post("Content-Length: 5\r\nExpect: the worst\r\n")), 417);
  EXPECT_EQ(status(get("/", "Content-Length: 5\r\n")), 400);
}

}  // namespace
}  // namespace aacft
