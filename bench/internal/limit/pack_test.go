package limit

import (
	"context"
	"testing"
)

func TestUpdatesSurviveTheirEncoding(t *testing.T) {
	for _, besides := range []int{grantsSize, packSize} {
		in := []update{{id: 1, what: claim}, {id: 1 << 40, what: final}}
		body := encode(in, besides)
		out := decode(body, besides)
		if len(out) != 2 || out[0].id != 1 || out[0].what != claim || out[1].id != 1<<40 || out[1].what != final {
			t.Errorf("with %d bytes besides: %+v", besides, out)
		}
		if len(body) != besides+2*updateSize {
			t.Errorf("%d bytes", len(body))
		}
	}
}

func TestGatherTakesWhatThereIs(t *testing.T) {
	from := make(chan int, 5)
	for i := range 5 {
		from <- i
	}
	if got, ok := gather(t.Context(), from, 3); !ok || len(got) != 3 {
		t.Errorf("got %v", got)
	}
	if got, ok := gather(t.Context(), from, 3); !ok || len(got) != 2 {
		t.Errorf("got %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, ok := gather(ctx, from, 3); ok {
		t.Errorf("got %v of nothing", got)
	}
}
