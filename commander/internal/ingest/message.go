package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

// Reasons for setting a message aside, beside tokenauth.Reason's and mission.Refusal's.
const (
	reasonUnreadable = "unreadable"
	reasonSession    = "wrong_session"
	reasonMarker     = "forged_marker"
	reasonFailed     = "failed" // the commander could not settle it; its log says why
)

// message is a delivery, read, and what became of it.
type message struct {
	delivery broker.Delivery
	inbox    string
	items    []mission.Item
	renewal  *contracts.Renewal
	marker   *contracts.Marker

	answers []contracts.Answer
	// refused is why the message, or an item of it, is set aside; detail is for people.
	refused, detail string
}

// read decodes and verifies a message. One that is not to be believed comes back with its reason.
func (in *Intake) read(d broker.Delivery) message {
	m := message{delivery: d}
	h, err := contracts.PeekHeader(d.Body)
	if err == nil {
		switch h.Type {
		case contracts.TypeStatus:
			err = in.readStatus(&m)
		case contracts.TypeRenewal:
			err = in.readRenewal(&m)
		case contracts.TypeMarker:
			var marker contracts.Marker
			if marker, err = contracts.DecodeMarker(d.Body, in.MarkerKey); err == nil {
				m.marker = &marker
			} else {
				m.refused = reasonMarker
			}
		default:
			err = fmt.Errorf("%w: %q", contracts.ErrUnknownType, h.Type)
		}
	}
	if err != nil {
		if m.refused == "" {
			m.refused = reasonUnreadable
		}
		m.detail = err.Error()
		in.Refused(m.refused)
	}
	return m
}

func (in *Intake) readStatus(m *message) error {
	pack, err := contracts.DecodeStatusPack(m.delivery.Body)
	if err != nil {
		return err
	}
	claims, err := in.Verifier.VerifyAt(pack.Token, pack.SentAt.Time)
	if err != nil {
		m.refused = tokenauth.Reason(err)
		return err
	}
	m.inbox = pack.Inbox
	by := mission.Speaker{Session: claims.Subject, SoldierID: claims.Private[in.SoldierClaim]}
	text := mission.NewText(m.delivery.Body)
	m.items = make([]mission.Item, len(pack.Updates))
	for i, u := range pack.Updates {
		m.items[i] = mission.Item{Update: u, By: by, Text: text, At: i}
	}
	return nil
}

func (in *Intake) readRenewal(m *message) error {
	msg, err := contracts.DecodeRenewalMessage(m.delivery.Body)
	if err != nil {
		return err
	}
	claims, err := in.Verifier.VerifySignature(msg.Token)
	if err != nil {
		m.refused = tokenauth.Reason(err)
		return err
	}
	if claims.Subject != msg.Renewal.Session || claims.Private[in.SoldierClaim] != msg.Renewal.SoldierID {
		m.refused = reasonSession
		return fmt.Errorf("the token is for session %s", claims.Subject)
	}
	m.inbox, m.renewal = msg.Renewal.Inbox, &msg.Renewal
	return nil
}

// apply settles all that the messages say.
func (in *Intake) apply(ctx context.Context, messages []message) error {
	var items []mission.Item
	for i := range messages {
		items = append(items, messages[i].items...)
	}
	var results []mission.Result
	if len(items) > 0 {
		var err error
		if results, err = in.Missions.Apply(ctx, items); err != nil {
			return err
		}
	}
	for i := range messages {
		m := &messages[i]
		for k, it := range m.items {
			m.settled(it.Update, results[k])
		}
		results = results[len(m.items):]
		if err := in.extend(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// applyEach settles the items of the messages one after the other, and marks those that can't be. Its error says that
// the store is away.
func (in *Intake) applyEach(ctx context.Context, messages []message) error {
	for i := range messages {
		m := &messages[i]
		m.answers = nil // what the batch had settled is settled again without harm
		for _, it := range m.items {
			results, err := in.Missions.Apply(ctx, []mission.Item{it})
			switch {
			case err == nil:
				m.settled(it.Update, results[0])
			case away(err) || ctx.Err() != nil:
				return err
			default:
				in.failed(m, err)
			}
		}
		err := in.extend(ctx, m)
		switch {
		case err == nil:
		case away(err) || ctx.Err() != nil:
			return err
		default:
			in.failed(m, err)
		}
	}
	return nil
}

// settled notes what became of an update.
func (m *message) settled(u contracts.Update, r mission.Result) {
	if r.Answer.Type != "" {
		m.answers = append(m.answers, r.Answer)
	}
	if setAside(u, r.Refused) {
		m.refused = string(r.Refused)
		m.detail = fmt.Sprintf("mission %s, execution %s", u.MissionID, u.Execution)
	}
}

// failed has a message set aside that can't be settled. Its soldier repeats what matters.
func (in *Intake) failed(m *message, err error) {
	m.refused, m.detail = reasonFailed, err.Error()
	in.Refused(m.refused)
	in.log.Error("message can't be settled", zap.Error(err))
}

// extend settles the message's renewal, if it is one.
func (in *Intake) extend(ctx context.Context, m *message) error {
	if m.renewal == nil {
		return nil
	}
	reply, err := in.Leases.Extend(ctx, *m.renewal)
	if _, ok := errors.AsType[*contracts.ValidationError](err); ok {
		m.refused, m.detail = reasonSession, err.Error()
		in.Refused(m.refused)
		return nil
	}
	if err != nil {
		return err
	}
	m.answers = append(m.answers, contracts.Answer{Type: contracts.AnswerRenewed, Renewal: &reply})
	return nil
}

// away tells whether an error says that the store can't be reached.
func away(err error) bool { return errors.Is(err, store.ErrUnavailable) }

// setAside tells whether a refused update is kept for a person. A refused claim is a duplicate order, which is everyday
// life; a refused final is somebody's work. A running execution whose order has no seal is asked for at each renewal, and its
// final will come: nothing is kept of it before.
func setAside(u contracts.Update, why mission.Refusal) bool {
	return why != "" && (u.Status.Final() || why == mission.RefusedUnknown || why == mission.RefusedUnsealed && u.Ticket == nil)
}

// finish answers, sets aside what was refused, and acks.
func (in *Intake) finish(ctx context.Context, m message) {
	if m.marker != nil {
		in.Inboxes.Send(m.marker.Inbox, contracts.Answer{Type: contracts.AnswerMarker, Reason: m.marker.ID})
	}
	if m.inbox != "" {
		in.Inboxes.Send(m.inbox, m.answers...)
	}
	if m.refused != "" {
		if err := in.keep(ctx, m); err != nil {
			in.log.Warn("refused message not set aside, it comes again", zap.String("reason", m.refused), zap.Error(err))
			_ = m.delivery.Nack(broker.Requeued)
			return
		}
	}
	_ = m.delivery.Ack() // stale: it comes again, and is settled again without harm
}

// Pace and patience of setting aside.
const (
	// maxDetail cuts details, which may quote the message: a header has limits, and a message that can't be set aside
	// for its header's size would come again for ever.
	maxDetail   = 1024
	keepTries   = 3
	keepTimeout = 5 * time.Second
)

// keep publishes a refused message, as it came, to the queue for refused ones.
func (in *Intake) keep(ctx context.Context, m message) error {
	detail := strings.ToValidUTF8(m.detail[:min(len(m.detail), maxDetail)], "")
	in.log.Info("message refused and set aside", zap.String("queue", topology.StatusRefused), zap.String("reason", m.refused),
		zap.String("detail", detail))
	var err error
	for range keepTries {
		tryCtx, cancel := context.WithTimeout(ctx, keepTimeout)
		err = in.Broker.Publish(tryCtx, topology.StatusRefused, broker.Message{
			ID: m.delivery.ID, Type: m.delivery.Type, Body: m.delivery.Body,
			Headers: map[string]string{"reason": m.refused, "detail": detail, "queue": m.delivery.Queue},
		})
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
		background.Pause(ctx, 200*time.Millisecond)
	}
	return err
}
