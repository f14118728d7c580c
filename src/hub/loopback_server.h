// For tests: an HTTP server on loopback that says what a function tells it to, one connection at a time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace fletcher::hub {

/// What a connection gets: raw bytes, then the end, or nothing more until the client hangs up.
struct Scripted {
  std::string bytes;
  bool hold = false;
};

class LoopbackServer {
 public:
  /// `answer` gets the request's target, such as "/api/models/x/revision/main"; it runs on the server's thread.
  explicit LoopbackServer(std::function<Scripted(const std::string&)> answer) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length);
    ::listen(listener_, 8);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~LoopbackServer() {
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept
    thread_.join();
    ::close(listener_);
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  static std::string ok(const std::string& body, size_t promised) {
    return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(promised) + "\r\n\r\n" + body;
  }

 private:
  void serve() {
    for (;;) {
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t n = ::recv(connection, buffer, sizeof buffer, 0);
        if (n <= 0) break;
        request.append(buffer, static_cast<size_t>(n));
      }
      const size_t target = request.find(' ') + 1;
      const Scripted scripted = answer_(request.substr(target, request.find(' ', target) - target));
      ::send(connection, scripted.bytes.data(), scripted.bytes.size(), MSG_NOSIGNAL);
      while (scripted.hold && ::recv(connection, buffer, sizeof buffer, 0) > 0) {
      }
      ::close(connection);
    }
  }

  std::function<Scripted(const std::string&)> answer_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace fletcher::hub
