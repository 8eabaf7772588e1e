package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

func readProtocol(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestProtocolExamples: every JSON in docs/protocol.md is a message, a renewal or its reply, and has no field that Go does
// not know.
func TestProtocolExamples(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(readProtocol(t), -1)
	seen := map[string]bool{}
	for _, b := range blocks {
		body := []byte(b[1])
		var head struct {
			V         int
			Type      contracts.MessageType
			SoldierID string `json:"soldier_id"`
		}
		if err := json.Unmarshal(body, &head); err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		var err error
		var strict any
		switch {
		case head.V == 0 && head.SoldierID != "":
			var r contracts.Renewal
			if err = json.Unmarshal(body, &r); err == nil {
				err = r.Check()
			}
			seen["renewal by HTTP"], strict = true, &contracts.Renewal{}
		case head.V == 0:
			seen["reply"], strict = true, &contracts.RenewalReply{}
		case head.Type == contracts.TypeOrder:
			_, err = contracts.DecodeOrder(body)
			strict = &contracts.Order{}
		case head.Type == contracts.TypeStatus:
			_, err = contracts.DecodeStatusPack(body)
			strict = &contracts.StatusPack{}
		case head.Type == contracts.TypeRenewal:
			_, err = contracts.DecodeRenewalMessage(body)
			strict = &contracts.RenewalMessage{}
		case head.Type == contracts.TypeAnswers:
			_, err = contracts.DecodeAnswerPack(body)
			strict = &contracts.AnswerPack{}
		case head.Type == contracts.TypeTelemetry:
			_, err = contracts.DecodeTelemetryPack(body)
			strict = &contracts.TelemetryPack{}
		default:
			err = fmt.Errorf("a message of type %q", head.Type)
		}
		seen[string(head.Type)] = true
		if err == nil {
			d := json.NewDecoder(bytes.NewReader(body))
			d.DisallowUnknownFields()
			err = d.Decode(strict)
		}
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, want := range []string{"renewal by HTTP", "reply", "order", "status", "renewal", "answers", "telemetry"} {
		if !seen[want] {
			t.Errorf("no example of %s", want)
		}
	}
}

// TestProtocolNumbers: the table of docs/protocol.md has the numbers of the code.
func TestProtocolNumbers(t *testing.T) {
	seconds := func(d time.Duration) string { return fmt.Sprintf("%d s", d/time.Second) }
	size := func(n int) string { return fmt.Sprintf("%d KiB", n>>10) }
	doc := readProtocol(t)
	for what, value := range map[string]string{
		"renew, counted from when the last token was asked for":                           seconds(contracts.RenewAfter),
		"renew while the broker connection is away, or after a reply with `lease: false`": seconds(contracts.RenewWhileDisconnected),
		"renew over the broker while HTTP fails":                                          seconds(contracts.RenewalMessageEvery),
		"a lease lasts, from when its renewal was sent":                                   seconds(contracts.LeaseDuration),
		"an unanswered claim is repeated":                                                 seconds(contracts.ClaimRepeat),
		"an unrecorded final is repeated":                                                 seconds(contracts.FinalRepeat),
		"a running mission's order is acked after":                                        seconds(contracts.AckRunningAfter),
		"a handler that was told to end is waited for":                                    seconds(contracts.CancelGrace),
		"updates in one status message, at most":                                          fmt.Sprint(contracts.MaxPackedUpdates),
		"finals kept and slots claimed together, at most, for each slot":                  fmt.Sprint(contracts.UnrecordedPerSlot),
		"result of a mission, at most":                                                    size(contracts.MaxResultSize),
		"message of an error, at most":                                                    size(contracts.MaxErrorSize),
	} {
		if row := "| " + what + " | " + value + " |"; !strings.Contains(doc, row) {
			t.Errorf("docs/protocol.md lacks %q", row)
		}
	}
	if again := "ordered again in " + seconds(contracts.NoHandlerDelay); !strings.Contains(doc, again) {
		t.Errorf("docs/protocol.md lacks %q", again)
	}
	if soon := "does not renew within " + seconds(contracts.SuspectGrace); !strings.Contains(strings.Join(strings.Fields(doc), " "), soon) {
		t.Errorf("docs/protocol.md lacks %q", soon)
	}
}
