package storetest

import "encoding/json"

func peekTests() []test {
	return []test{
		{"Peek is Load without payload and result", func(t *tester) {
			c := create(record(newID()))
			c.Record.Mission.Payload = json.RawMessage(`{"a":1}`)
			a := t.apply(c)
			records, err := t.Peek(t.ctx, newID(), a.Mission.MissionID)
			t.must(err)
			if d := diff(a.Brief(), records[1]); d != "" || len(records) != 2 || records[0].Mission.Version != 0 {
				t.Errorf("Peek: %s", d)
			}
		}},
	}
}
