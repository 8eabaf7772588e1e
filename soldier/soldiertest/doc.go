// Package soldiertest tests handlers without servers: no RabbitMQ, no Redis, no commander. A handler is called as a soldier
// calls it: its payload goes through JSON, middleware is around it, its time is limited, a panic is a failure, and a result that is too
// large is refused.
//
//	func register(s *soldier.Soldier) { soldier.Handle(s, "greet", greet) } // what main calls, too
//
//	func TestGreet(t *testing.T) {
//		s := soldiertest.New()
//		register(s)
//		out, err := soldiertest.Run(t.Context(), s, contracts.MissionRequest{Kind: "greet", Payload: []byte(`{"name":"Ada"}`)})
//		...
//	}
//
// Inside testing/synctest a handler's timeouts pass at once.
package soldiertest
