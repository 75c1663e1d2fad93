// SPDX-License-Identifier: MIT
// Declares the types that users name; includes nothing.
#pragma once

namespace socketio {

struct DefaultConfig;

template <class Config = DefaultConfig>
class BasicServer;
template <class Config = DefaultConfig>
class BasicNamespace;
template <class Config = DefaultConfig>
class BasicRoom;
template <class Config = DefaultConfig>
class BasicSocket;
template <class Config = DefaultConfig>
class BasicSocketEmitter;
template <class Config = DefaultConfig>
class BasicBroadcastOperator;

using Server = BasicServer<>;
using Namespace = BasicNamespace<>;
using Room = BasicRoom<>;
using Socket = BasicSocket<>;
using SocketEmitter = BasicSocketEmitter<>;
using BroadcastOperator = BasicBroadcastOperator<>;

template <class... Results>
class Ack;
class Next;

}  // namespace socketio
