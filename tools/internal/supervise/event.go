package supervise

import "time"

// Kind says what happened to a part.
type Kind string

// What can happen to a part, in the order of a life.
const (
	Starting Kind = "starting"
	Ready    Kind = "ready"    // Took is how long the start took
	Died     Kind = "died"     // by itself; Reason and LastWords tell, Again when it is started next
	Failed   Kind = "failed"   // a start after a death did not work; as Died
	Stopping Kind = "stopping" // somebody asked for it
	Stopped  Kind = "stopped"  // Reason is set when it had to be killed
)

// Event is something that happened to a part.
type Event struct {
	Part      string
	Kind      Kind
	Took      time.Duration // of Ready and Stopped
	Again     time.Duration // of Died and Failed: how long until the next start
	Reason    string
	LastWords string
}
