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
class BasicNamespaceAdapter;
template <class Config = DefaultConfig>
class BasicParentNamespace;
template <class Config = DefaultConfig>
class BasicRoom;
template <class Config = DefaultConfig>
class BasicSocket;
template <class Config = DefaultConfig>
class BasicClient;
template <class Config = DefaultConfig>
class BasicRemoteSocket;
template <class Config = DefaultConfig>
class BasicSocketEmitter;
template <class Config = DefaultConfig>
class BasicBroadcastOperator;
template <class Config = DefaultConfig>
class BasicParentBroadcastOperator;

using Server = BasicServer<>;
using Namespace = BasicNamespace<>;
using NamespaceAdapter = BasicNamespaceAdapter<>;
using ParentNamespace = BasicParentNamespace<>;
using Room = BasicRoom<>;
using Socket = BasicSocket<>;
using Client = BasicClient<>;
using RemoteSocket = BasicRemoteSocket<>;
using SocketEmitter = BasicSocketEmitter<>;
using BroadcastOperator = BasicBroadcastOperator<>;
using ParentBroadcastOperator = BasicParentBroadcastOperator<>;

class Tls;
struct TlsOptions;
struct UnixSocket;
class ListeningSocket;

template <class... Results>
class Ack;
class Next;
class TimerHandle;
class NamespaceNext;

}  // namespace socketio
