package protocol

// Recount counts anew what the machine keeps count of, and says what differs.
func (m *Machine) Recount() string {
	works, unheld, forgotten := 0, 0, 0
	for _, w := range m.works.list {
		if w.gone {
			continue
		}
		works++
		if !w.held {
			unheld++
		}
		waits := false
		for _, g := range m.granted {
			waits = waits || g == w
		}
		if w.state == granted && !waits {
			return "a granted work is not in the line of those to be started"
		}
	}
	for _, f := range m.kept.list {
		if f.forgotten {
			forgotten++
		}
	}
	switch {
	case works != m.works.len():
		return "works are miscounted"
	case unheld != m.unheld:
		return "works without a delivery are miscounted"
	case forgotten != m.kept.gone || m.kept.len() != len(m.byKept):
		return "kept finals are miscounted"
	}
	return ""
}
