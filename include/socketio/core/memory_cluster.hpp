// SPDX-License-Identifier: MIT
// Several servers of one process as a cluster. Core layer.
#pragma once

#include <socketio/core/adapter.hpp>
#include <socketio/core/cluster_adapter.hpp>
#include <socketio/core/recovery_options.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace socketio {

/// Connects servers of one process: those whose adapters it makes share rooms, broadcasts and events, namespace by
/// namespace.
///
/// The servers may differ in everything else: one for browsers and one, with the msgpack parser on another port, for
/// services; or servers that a test wants to see working together.
///
/// @par Thread safety  Any thread; each server may have threads of its own.
/// @par Lifetime       May go before its servers.
/// @par Example        `socketio::MemoryCluster cluster; socketio::Server io({.adapter = cluster.adapter()});`
class MemoryCluster {
 public:
  /// What belongs in ServerOptions::adapter of each server.
  ///
  /// @param recovery  the same as ServerOptions::connection_state_recovery
  std::function<std::unique_ptr<Adapter>(const std::string& nsp)> adapter(
      std::optional<ConnectionStateRecoveryOptions> recovery = std::nullopt) const {
    return [hub = hub_, recovery = std::move(recovery)](const std::string& nsp) {
      return std::make_unique<Member>(hub, nsp, recovery);
    };
  }

 private:
  class Member;

  /// Where messages to one member end. Locked to post to it, so that it does not go meanwhile.
  struct Inbox {
    std::mutex mutex;
    Member* member = nullptr;  // null unless it is attached; changed and used on its first thread
  };

  struct Address {
    std::shared_ptr<Inbox> inbox;
    std::function<void(AdapterHost::Task)> post;
  };

  /// Who is there, by namespace.
  class Hub {
   public:
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

  class Member final : public ClusterAdapter {
   public:
    Member(std::shared_ptr<Hub> hub, std::string nsp, const std::optional<ConnectionStateRecoveryOptions>& recovery)
        : ClusterAdapter(recovery), hub_(std::move(hub)), nsp_(std::move(nsp)) {}
    ~Member() override { withdraw(); }

    std::size_t server_count() const override { return 1 + hub_->others(nsp_, inbox_).size(); }

    void attach(AdapterHost& host) override {
      ClusterAdapter::attach(host);
      {
        const std::lock_guard lock(inbox_->mutex);
        inbox_->member = this;
      }
      address_ = Address{inbox_, host.poster()};
      hub_->add(nsp_, address_);
    }

    void close() override {
      withdraw();
      ClusterAdapter::close();
    }

   private:
    std::size_t publish(ClusterMessage message) override {
      const auto shared = std::make_shared<const ClusterMessage>(std::move(message));
      const std::vector<Address> others = hub_->others(nsp_, inbox_);
      for (const Address& other : others) {
        std::shared_ptr<ClusterResponder> responder;
        if (shared->request != 0)
          responder = std::make_shared<ClusterResponder>(shared->request, [back = address_](ClusterMessage answer) {
            send(back, std::make_shared<const ClusterMessage>(std::move(answer)), nullptr);
          });
        send(other, shared, std::move(responder));
      }
      return others.size();
    }

    static void send(const Address& to, std::shared_ptr<const ClusterMessage> message,
                     std::shared_ptr<ClusterResponder> responder) {
      // Where nobody is any more it is dropped after the lock: the responder sends back that there is no answer.
      AdapterHost::Task task = [inbox = to.inbox, message = std::move(message), responder = std::move(responder)] {
        if (inbox->member) inbox->member->receive(*message, responder);
      };
      const std::lock_guard lock(to.inbox->mutex);
      if (to.inbox->member) to.post(std::move(task));
    }

    void withdraw() {
      {
        const std::lock_guard lock(inbox_->mutex);
        if (!std::exchange(inbox_->member, nullptr)) return;
      }
      hub_->remove(nsp_, inbox_);
    }

    std::shared_ptr<Hub> hub_;
    std::string nsp_;
    std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
    Address address_;
  };

  std::shared_ptr<Hub> hub_ = std::make_shared<Hub>();
};

}  // namespace socketio
