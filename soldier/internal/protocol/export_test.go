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
		inLine := 0
		for i := range m.lines {
			for _, x := range m.lines[i].waiting {
				if x == w && m.lineOf(w) == &m.lines[i] {
					inLine++
				}
			}
		}
		if (w.state == waiting) != (inLine == 1) || inLine > 1 {
			return "a work that waits is not once in its line, or one that does not is"
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
