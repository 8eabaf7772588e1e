// Package rabbitserver runs a private RabbitMQ as a child process: for tests that need the real server, and for a
// stack of local processes.
//
// Private means that it disturbs nothing on the machine and nothing on the machine disturbs it. The node has its own
// folder (data, cookie, configuration), its own ports, its own node name, and its own epmd (Erlang's port mapper),
// which is started before the node and ended after it. Everything listens on loopback. The system's configuration
// under /etc/rabbitmq and RABBITMQ_* variables of the caller's environment are not read.
//
//	Start -> epmd (EpmdPort) -> beam.smp (Port: AMQP, DistPort: Erlang distribution)
//	Kill      SIGKILL to beam.smp, data stays        Restart  the same node on the same data and ports
//	Pause     SIGSTOP to beam.smp                    Stop     graceful, then epmd
//
// Authority: the Server that started the processes is the only one that ends them. On Linux both also die with the
// process that started them, however it ends. Data belongs to Config.Dir and outlives the server; the user, the
// password and the node name are fixed by the first start on a folder.
//
// What may fail: RabbitMQ may not be installed (ErrNotInstalled), a port may be taken (PortTakenError), the data may be
// too old for it (ErrOlderData), the node may end while it starts (the error carries its last lines). RabbitMQ 3.10 and 4.x are supported; a start takes 3 to 10 s.
package rabbitserver
