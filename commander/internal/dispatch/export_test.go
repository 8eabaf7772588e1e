package dispatch

// HoldAtMost bounds the payloads that are held, in bytes: tests need not move 64 MiB. Call it before Start.
func (d *Dispatcher) HoldAtMost(bytes int64) { d.maxHeld = bytes }

// Outlets is how many queues have publishers.
func (d *Dispatcher) Outlets() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.outlets)
}
