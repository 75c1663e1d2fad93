// SPDX-License-Identifier: MIT
// Bodies of memory_cluster.hpp. Core layer.
#pragma once

#include <socketio/core/memory_cluster.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace socketio {

/// The members of a cluster, by namespace.
class MemoryCluster::Hub {
 public:
  /// Receives the messages to one member. Locked to post to the member, so that it does not go meanwhile.
  struct Inbox {
    std::mutex mutex;
    AdapterHost* host =
        nullptr;  // null when the member has gone; read on its first thread, changed there under the lock
  };

  struct Address {
    std::shared_ptr<Inbox> inbox;
    std::function<void(AdapterHost::Task)> post;
  };

  void add(const std::string& nsp, Address address) {
    const std::lock_guard lock(mutex_);
    addresses_[nsp].push_back(std::move(address));
  }
  void remove(const std::string& nsp, const std::shared_ptr<Inbox>& inbox) {
    const std::lock_guard lock(mutex_);
    const auto found = addresses_.find(nsp);
    if (found == addresses_.end()) return;
    std::erase_if(found->second, [&](const Address& address) { return address.inbox == inbox; });
    if (found->second.empty()) addresses_.erase(found);
  }
  std::vector<Address> others(const std::string& nsp, const std::shared_ptr<Inbox>& than) const {
    std::vector<Address> others;
    const std::lock_guard lock(mutex_);
    if (const auto found = addresses_.find(nsp); found != addresses_.end())
      for (const Address& address : found->second)
        if (address.inbox != than) others.push_back(address);
    return others;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Address>> addresses_;
};

/// One namespace of one server.
class MemoryCluster::Member final : public Adapter {
 public:
  Member(std::shared_ptr<Hub> hub, std::string nsp) : hub_(std::move(hub)), nsp_(std::move(nsp)) {}
  ~Member() override { leave(); }

  std::size_t server_count() const override { return 1 + hub_->others(nsp_, inbox_).size(); }

  void attach(AdapterHost& host) override {
    {
      const std::lock_guard lock(inbox_->mutex);
      inbox_->host = &host;
    }
    address_ = Address{inbox_, host.poster()};
    hub_->add(nsp_, address_);
  }

  std::size_t publish(ClusterMessage message) override {
    const auto shared = std::make_shared<const ClusterMessage>(std::move(message));
    const std::vector<Address> others = hub_->others(nsp_, inbox_);
    for (const Address& other : others) {
      std::shared_ptr<ClusterResponder> responder;
      if (shared->request != 0 && shared->type != ClusterMessage::Type::withdraw)
        responder = std::make_shared<ClusterResponder>(shared->request, [back = address_](ClusterMessage answer) {
          send(back, std::make_shared<const ClusterMessage>(std::move(answer)), nullptr);
        });
      send(other, shared, std::move(responder));
    }
    return others.size();
  }

  void close() override { leave(); }

 private:
  using Inbox = Hub::Inbox;
  using Address = Hub::Address;

  static void send(const Address& to, std::shared_ptr<const ClusterMessage> message,
                   std::shared_ptr<ClusterResponder> responder) {
    // To a member that has gone, the task is dropped after the lock: the responder sends back that there is no answer.
    AdapterHost::Task task = [inbox = to.inbox, message = std::move(message), responder = std::move(responder)] {
      if (inbox->host) inbox->host->receive(*message, responder);
    };
    const std::lock_guard lock(to.inbox->mutex);
    if (to.inbox->host) to.post(std::move(task));
  }

  void leave() {
    {
      const std::lock_guard lock(inbox_->mutex);
      if (!std::exchange(inbox_->host, nullptr)) return;
    }
    hub_->remove(nsp_, inbox_);
  }

  std::shared_ptr<Hub> hub_;
  std::string nsp_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  Address address_;
};

SOCKETIO_DECL MemoryCluster::MemoryCluster() : hub_(std::make_shared<Hub>()) {}

SOCKETIO_DECL std::function<std::unique_ptr<Adapter>(const std::string& nsp)> MemoryCluster::adapter() const {
  return [hub = hub_](const std::string& nsp) { return std::make_unique<Member>(hub, nsp); };
}

}  // namespace socketio
