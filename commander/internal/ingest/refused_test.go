package ingest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// otherToken returns a token of the session that is none of the commander's, but for what change does not touch.
func (s *soldier) otherToken(change func(*tokenauth.IssuerConfig)) string {
	s.t.Helper()
	cfg := tokenauth.IssuerConfig{
		Keys: tokenauthtest.Keys(s.t), Issuer: tokenauthtest.Issuer, Audience: tokenauthtest.Audience, Now: time.Now,
	}
	change(&cfg)
	issuer, err := tokenauth.NewIssuer(cfg)
	s.must(err)
	token, err := issuer.Issue(tokenauth.IssueRequest{Subject: s.session, Private: map[string]string{"soldier_id": s.name}})
	s.must(err)
	return token.Raw
}

func foreignKeys(t *testing.T) *tokenauth.DerivedKeys {
	keys, err := tokenauth.NewDerivedKeys(tokenauth.DerivedConfig{
		Secret: []byte("another installation's secret, thirty-two bytes"), Label: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func encode(t *testing.T, m interface{ Encode() ([]byte, error) }) []byte {
	t.Helper()
	body, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestMessagesThatAreNotBelievedAreSetAside(t *testing.T) {
	claim := func(s *soldier) contracts.Update { return s.claim(s.submit(), s.id('e')) }
	with := func(token string, at time.Time, s *soldier) []byte {
		return encode(s.t, contracts.NewStatusPack(token, contracts.At(at), s.inbox, claim(s)))
	}
	for name, test := range map[string]struct {
		reason string
		body   func(*soldier) []byte
	}{
		"no JSON":         {"unreadable", func(*soldier) []byte { return []byte("\x00 no JSON") }},
		"empty":           {"unreadable", func(*soldier) []byte { return []byte{} }},
		"unknown type":    {"unreadable", func(*soldier) []byte { return []byte(`{"v":1,"type":"news"}`) }},
		"unknown version": {"unreadable", func(*soldier) []byte { return []byte(`{"v":9,"type":"status"}`) }},
		"no updates": {"unreadable", func(s *soldier) []byte {
			return encode(s.t, contracts.NewStatusPack(s.token, contracts.At(time.Now()), s.inbox))
		}},
		"a type that no header could hold": {"unreadable", func(s *soldier) []byte {
			body, err := json.Marshal(contracts.Header{V: 1, Type: contracts.MessageType(strings.Repeat("ü", 100_000))})
			s.must(err)
			return body
		}},
		"no token": {"malformed", func(s *soldier) []byte { return with("token", time.Now(), s) }},
		"altered token": {"forged", func(s *soldier) []byte {
			other, err := s.issuer.Issue(tokenauth.IssueRequest{Subject: "another"})
			s.must(err)
			end := strings.LastIndex(s.token, ".")
			return with(s.token[:end]+other.Raw[strings.LastIndex(other.Raw, "."):], time.Now(), s)
		}},
		"foreign key": {"forged", func(s *soldier) []byte {
			return with(s.otherToken(func(c *tokenauth.IssuerConfig) { c.Keys = foreignKeys(s.t) }), time.Now(), s)
		}},
		"wrong audience": {"wrong_audience", func(s *soldier) []byte {
			return with(s.otherToken(func(c *tokenauth.IssuerConfig) { c.Audience = "another" }), time.Now(), s)
		}},
		"wrong issuer": {"wrong_issuer", func(s *soldier) []byte {
			return with(s.otherToken(func(c *tokenauth.IssuerConfig) { c.Issuer = "another" }), time.Now(), s)
		}},
		"expired when it was said": {"expired", func(s *soldier) []byte { return with(s.token, s.issued.Add(36*time.Second), s) }},
		"said before the token was": {"not_yet_valid", func(s *soldier) []byte {
			return with(s.token, s.issued.Add(-6*time.Second), s)
		}},
		"forged marker": {"forged_marker", func(s *soldier) []byte {
			return encode(s.t, contracts.NewMarker([]byte("a guess"), "id", s.inbox))
		}},
		"renewal of another's session": {"wrong_session", func(s *soldier) []byte {
			r := s.renewal()
			r.Session = s.join("soldier-2").session
			return encode(s.t, contracts.NewRenewalMessage(s.token, r))
		}},
		"renewal in another's name": {"wrong_session", func(s *soldier) []byte {
			r := s.renewal()
			r.SoldierID = "soldier-2"
			return encode(s.t, contracts.NewRenewalMessage(s.token, r))
		}},
		"renewal under a foreign key": {"forged", func(s *soldier) []byte {
			return encode(s.t, contracts.NewRenewalMessage(
				s.otherToken(func(c *tokenauth.IssuerConfig) { c.Keys = foreignKeys(s.t) }), s.renewal()))
		}},
		"renewal without a slot": {"unreadable", func(s *soldier) []byte {
			r := s.renewal()
			r.Slots = 0
			return encode(s.t, contracts.NewRenewalMessage(s.token, r))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				s := r.join("soldier-1")
				body := test.body(s)
				s.say(body)
				s.wantHeard()
				r.wantSetAside(test.reason, body)
				if !slices.Equal(r.refused, []string{test.reason}) || len(r.updates) > 0 {
					t.Errorf("counted %v and %v, want %s once", r.refused, r.updates, test.reason)
				}
				counts, err := r.store.Counts(t.Context())
				r.must(err)
				if n := counts.ByStatus[contracts.StatusInProgress]; n > 0 {
					t.Errorf("%d missions were granted", n)
				}
				r.wantTaken()
			})
		})
	}
}

func TestAFinalWithoutAGoodTicketChangesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		why   mission.Refusal
		final func(thief *soldier, k contracts.Ticket) contracts.Update
	}{
		"forged": {mission.RefusedTicket, func(thief *soldier, k contracts.Ticket) contracts.Update {
			k.Session = thief.session
			return thief.final(contracts.UpdateCompleted, k)
		}},
		"of a run that never was": {mission.RefusedTicket, func(thief *soldier, k contracts.Ticket) contracts.Update {
			k.Session, k.Run = thief.session, k.Run+1
			return thief.final(contracts.UpdateFailed, k.Sign([]byte("a guess")))
		}},
		"another session's": {mission.RefusedSession, func(thief *soldier, k contracts.Ticket) contracts.Update {
			return thief.final(contracts.UpdateCompleted, k)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				owner, thief, m := r.join("soldier-1"), r.join("soldier-2"), r.submit()
				k := owner.granted(m)
				body := thief.pack(test.final(thief, k))
				thief.say(body)
				r.wantSetAside(string(test.why), body)
				if !slices.Equal(r.updates, []string{string(test.why)}) {
					t.Errorf("counted %v", r.updates)
				}
				if got := r.refusals(m.MissionID); !slices.Equal(got, []contracts.Cause{contracts.Cause(test.why)}) {
					t.Errorf("the history shows %v", got)
				}
				r.wantStatus(m.MissionID, contracts.StatusInProgress)
				owner.say(owner.pack(owner.final(contracts.UpdateCompleted, k)))
				owner.wantHeard(contracts.AnswerRecorded)
				r.wantStatus(m.MissionID, contracts.StatusCompleted)
				r.wantTaken()
			})
		})
	}
}

// TestACurrentFinalUnderAReplacedSecretIsRecorded: the store vouches for the execution, the ticket need not.
func TestACurrentFinalUnderAReplacedSecretIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		k := s.granted(m).Sign([]byte("the secret before this one"))
		s.say(s.pack(s.final(contracts.UpdateCompleted, k)))
		s.wantHeard(contracts.AnswerRecorded)
		r.wantStatus(m.MissionID, contracts.StatusCompleted)
		r.wantTaken()
	})
}

func TestAnOvertakenResultIsSetAsideAndNeedsNoMoreSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		k := s.granted(m)
		r.bury(s)
		again := r.join("soldier-2").granted(m)
		body := s.pack(s.final(contracts.UpdateCompleted, k))
		s.say(body)
		s.wantHeard(contracts.AnswerRecorded)
		r.wantSetAside(string(mission.RefusedSuperseded), body)
		if rec := r.load(m.MissionID); rec.Execution != again.Execution {
			t.Errorf("execution %s is stored, want %s", rec.Execution, again.Execution)
		}
		r.wantTaken()
	})
}

func TestWhatCanNotBeSetAsideIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.join("soldier-1")
		thaw := r.commander.Freeze()
		s.say([]byte("no JSON"))
		time.Sleep(10 * time.Second)
		r.commander.Cut()
		thaw()
		r.wantSetAside("unreadable", []byte("no JSON"))
		// The broker goes away between the taking and the setting aside.
		release := r.store.hold()
		k := contracts.Ticket{MissionID: r.id('a'), Attempt: 1, Execution: r.id('e'), Session: s.session}.Sign(ticketKey)
		body := s.pack(s.final(contracts.UpdateCompleted, k))
		s.say(body)
		synctest.Wait()
		r.broker.Down()
		release()
		time.Sleep(time.Minute)
		r.broker.Up()
		time.Sleep(time.Minute)
		r.wantSetAside(string(mission.RefusedUnknown), body)
		r.wantDepth(topology.Status, broker.Depth{Consumers: 1})
		r.wantTaken()
	})
}
