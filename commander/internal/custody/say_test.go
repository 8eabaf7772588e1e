package custody

import (
	"errors"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// TestTheWarningIsOfTheLastCause also where it was said before: it is logged once.
func TestTheWarningIsOfTheLastCause(t *testing.T) {
	core, lines := observer.New(zapcore.WarnLevel)
	k := &Keeper{log: zap.New(core)}
	said, refused := "", errors.New("refused")
	for _, err := range []error{refused, errTwoBrokers, refused} {
		said = k.say(t.Context(), err, said)
		if got := k.Warning(); !strings.Contains(got, err.Error()) {
			t.Errorf("warning %q, want one of %q", got, err)
		}
	}
	if lines.Len() != 1 {
		t.Errorf("%d lines, want 1", lines.Len())
	}
}
