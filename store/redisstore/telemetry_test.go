package redisstore

import (
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Redis is sent no more of a report than it keeps, however much was said.
func TestOnlyWhatIsKeptOfAReportIsSent(t *testing.T) {
	r := store.Report{Before: 7}
	for range contracts.MaxLogLines {
		r.Lines = append(r.Lines, contracts.LogLine{Text: strings.Repeat("x", contracts.MaxLogText)})
	}
	got := newest(r)
	if n := len(putLogLines(got)); n > contracts.MaxLogBytes {
		t.Errorf("%d bytes are sent, %d are kept", n, contracts.MaxLogBytes)
	}
	if got.Before+int64(len(got.Lines)) != 7+contracts.MaxLogLines || len(got.Lines) == 0 {
		t.Errorf("%d lines behind %d", len(got.Lines), got.Before)
	}
}
