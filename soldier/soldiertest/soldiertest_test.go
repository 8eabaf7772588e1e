package soldiertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/soldier/soldiertest"
)

type greet struct {
	Name string `json:"name"`
}

func greeted(_ context.Context, m soldier.Mission[greet]) (string, error) {
	return "Hello, " + m.Payload.Name, nil
}

func ExampleRun() {
	s := soldiertest.New()
	soldier.Handle(s, "greet", greeted)
	out, err := soldiertest.Run(context.Background(), s, contracts.MissionRequest{
		Kind: "greet", Payload: json.RawMessage(`{"name":"Ada"}`),
	})
	fmt.Println(out.Status, string(out.Result), err)
	// Output: COMPLETED "Hello, Ada" <nil>
}

func TestOutcomes(t *testing.T) {
	busy := errors.New("the service is busy")
	for name, c := range map[string]struct {
		handler soldier.Handler[greet, any]
		payload string
		options []soldiertest.Option
		want    soldiertest.Outcome
	}{
		"a result": {
			handler: func(_ context.Context, m soldier.Mission[greet]) (any, error) { return m.Payload, nil },
			payload: `{"name":"<Ada>"}`,
			want:    soldiertest.Outcome{Status: contracts.UpdateCompleted, Result: json.RawMessage(`{"name":"<Ada>"}`)},
		},
		"no result": {
			handler: func(context.Context, soldier.Mission[greet]) (any, error) { return nil, nil },
			want:    soldiertest.Outcome{Status: contracts.UpdateCompleted},
		},
		"an error": {
			handler: func(context.Context, soldier.Mission[greet]) (any, error) { return nil, busy },
			want:    soldiertest.Outcome{Status: contracts.UpdateFailed, Error: &contracts.MissionError{Code: "failed", Message: busy.Error()}},
		},
		"an error with a code, wrapped": {
			handler: func(context.Context, soldier.Mission[greet]) (any, error) {
				return nil, fmt.Errorf("greeting: %w", &soldier.Error{Code: "rude", Message: "no name"})
			},
			want: soldiertest.Outcome{Status: contracts.UpdateFailed, Error: &contracts.MissionError{Code: "rude", Message: "no name"}},
		},
		"a code that is too long": {
			handler: func(context.Context, soldier.Mission[greet]) (any, error) {
				return nil, &soldier.Error{Code: strings.Repeat("x", 65), Message: "m"}
			},
			want: soldiertest.Outcome{Status: contracts.UpdateFailed, Error: &contracts.MissionError{
				Code: "failed", Message: strings.Repeat("x", 65) + ": m",
			}},
		},
		"no other attempt": {
			handler: func(context.Context, soldier.Mission[greet]) (any, error) { return nil, soldier.NoRetry(busy) },
			want: soldiertest.Outcome{
				Status: contracts.UpdateFailed, NoRetry: true, Error: &contracts.MissionError{Code: "failed", Message: busy.Error()},
			},
		},
		"no other attempt, with a code": {
			handler: func(context.Context, soldier.Mission[greet]) (any, error) {
				return nil, soldier.NoRetry(&soldier.Error{Code: "rude", Message: "no name"})
			},
			want: soldiertest.Outcome{
				Status: contracts.UpdateFailed, NoRetry: true, Error: &contracts.MissionError{Code: "rude", Message: "no name"},
			},
		},
		"another attempt later": {
			handler: func(context.Context, soldier.Mission[greet]) (any, error) {
				return nil, fmt.Errorf("greeting: %w", soldier.RetryAfter(90*time.Second, busy))
			},
			want: soldiertest.Outcome{
				Status: contracts.UpdateFailed, RetryAfter: 90 * time.Second,
				Error: &contracts.MissionError{Code: "failed", Message: "greeting: " + busy.Error()},
			},
		},
		"another attempt at once": {
			handler: func(context.Context, soldier.Mission[greet]) (any, error) { return nil, soldier.RetryAfter(0, busy) },
			want: soldiertest.Outcome{
				Status: contracts.UpdateFailed, RetryAfter: time.Millisecond, Error: &contracts.MissionError{Code: "failed", Message: busy.Error()},
			},
		},
		"the outermost counts": {
			handler: func(context.Context, soldier.Mission[greet]) (any, error) {
				return nil, soldier.NoRetry(soldier.RetryAfter(time.Hour, busy))
			},
			want: soldiertest.Outcome{
				Status: contracts.UpdateFailed, NoRetry: true, Error: &contracts.MissionError{Code: "failed", Message: busy.Error()},
			},
		},
		"nothing is no error": {
			handler: func(context.Context, soldier.Mission[greet]) (any, error) {
				return 1, errors.Join(soldier.NoRetry(nil), soldier.RetryAfter(time.Hour, nil))
			},
			want: soldiertest.Outcome{Status: contracts.UpdateCompleted, Result: json.RawMessage("1")},
		},
		"a panic": {
			handler: func(context.Context, soldier.Mission[greet]) (any, error) { panic("no") },
			want: soldiertest.Outcome{Status: contracts.UpdateFailed, Error: &contracts.MissionError{
				Code: contracts.ErrorCodePanic, Message: "the handler panicked: no",
			}},
		},
		"a payload that does not fit": {
			handler: func(context.Context, soldier.Mission[greet]) (any, error) { return nil, nil },
			payload: `{"name":1}`,
			want: soldiertest.Outcome{Status: contracts.UpdateFailed, Error: &contracts.MissionError{
				Code:    contracts.ErrorCodeInvalidPayload,
				Message: "the payload does not fit the handler's input: json: cannot unmarshal number into Go struct field greet.name of type string",
			}},
		},
		"a later attempt": {
			handler: func(_ context.Context, m soldier.Mission[greet]) (any, error) {
				return []int64{int64(m.Attempt), m.Run}, nil
			},
			options: []soldiertest.Option{soldiertest.Attempt(3), soldiertest.Fence(7)},
			want:    soldiertest.Outcome{Status: contracts.UpdateCompleted, Result: json.RawMessage("[3,7]")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := soldiertest.New()
			soldier.Handle(s, "greet", c.handler)
			out, err := soldiertest.Run(t.Context(), s, contracts.MissionRequest{Kind: "greet", Payload: json.RawMessage(c.payload)}, c.options...)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := json.Marshal(out)
			want, _ := json.Marshal(c.want)
			if string(got) != string(want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestWhatEndsAHandler(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(context.Context) (context.Context, func())
		want soldiertest.Outcome
	}{
		"its timeout": {
			func(ctx context.Context) (context.Context, func()) { return ctx, func() {} },
			soldiertest.Outcome{Status: contracts.UpdateFailed, Error: &contracts.MissionError{
				Code: contracts.ErrorCodeTimeout, Message: "the handler ran past timeout_seconds: " + soldier.ErrTimeout.Error(),
			}},
		},
		"a cancel": {
			func(ctx context.Context) (context.Context, func()) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(time.Second, cancel)
				return ctx, cancel
			},
			soldiertest.Outcome{Status: contracts.UpdateFailed, Error: &contracts.MissionError{
				Code: contracts.ErrorCodeCancelled, Message: "the handler was cancelled: " + soldier.ErrCancelled.Error(),
			}},
		},
		"the soldier's end": {
			func(ctx context.Context) (context.Context, func()) {
				ctx, cancel := context.WithCancelCause(ctx)
				time.AfterFunc(time.Second, func() { cancel(soldier.ErrDraining) })
				return ctx, func() { cancel(nil) }
			},
			soldiertest.Outcome{Status: contracts.UpdateReleased},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := soldiertest.New()
				soldier.Handle(s, "wait", func(ctx context.Context, _ soldier.Mission[greet]) (any, error) {
					<-ctx.Done()
					return nil, context.Cause(ctx)
				})
				ctx, stop := c.end(t.Context())
				defer stop()
				out, err := soldiertest.Run(ctx, s, contracts.MissionRequest{Kind: "wait", TimeoutSeconds: 5})
				got, _ := json.Marshal(out)
				want, _ := json.Marshal(c.want)
				if err != nil || string(got) != string(want) {
					t.Errorf("got  %s, %v\nwant %s", got, err, want)
				}
			})
		})
	}
}

func TestMiddlewareIsAroundHandlers(t *testing.T) {
	var steps []string
	note := func(name string) soldier.Middleware {
		return func(ctx context.Context, m soldier.Mission[json.RawMessage], next soldier.Next) (json.RawMessage, error) {
			steps = append(steps, name+" "+m.Kind+" "+string(m.Payload))
			result, err := next(ctx)
			steps = append(steps, name+" after")
			return result, err
		}
	}
	type key struct{}
	s := soldiertest.New()
	s.Use(note("outer"), note("inner"))
	s.Use(func(ctx context.Context, m soldier.Mission[json.RawMessage], next soldier.Next) (json.RawMessage, error) {
		if m.Name == "stop" {
			return nil, soldier.NoRetry(&soldier.Error{Code: "stopped", Message: "by middleware"})
		}
		return next(context.WithValue(ctx, key{}, "from middleware"))
	})
	soldier.Handle(s, "greet", func(ctx context.Context, _ soldier.Mission[greet]) (any, error) { return ctx.Value(key{}), nil })
	out, err := soldiertest.Run(t.Context(), s, contracts.MissionRequest{Kind: "greet", Payload: json.RawMessage(`{"name":"Ada"}`)})
	if err != nil || string(out.Result) != `"from middleware"` {
		t.Errorf("%+v, %v", out, err)
	}
	want := `outer greet {"name":"Ada"}, inner greet {"name":"Ada"}, inner after, outer after`
	if got := strings.Join(steps, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	out, err = soldiertest.Run(t.Context(), s, contracts.MissionRequest{Kind: "greet", Name: "stop"})
	if err != nil || out.Error == nil || out.Error.Code != "stopped" || !out.NoRetry {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestWhatACommanderWouldRefuse(t *testing.T) {
	s := soldiertest.New()
	soldier.Handle(s, "greet", greeted)
	for want, r := range map[string]contracts.MissionRequest{
		"no handler for kind":        {Kind: "other"},
		"a commander would refuse":   {Kind: "greet", Payload: json.RawMessage(`[]`)},
		"timeout_seconds":            {Kind: "greet", TimeoutSeconds: -1},
		`no handler for kind "simul`: {},
	} {
		if _, err := soldiertest.Run(t.Context(), s, r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q in it", r, err, want)
		}
	}
}
