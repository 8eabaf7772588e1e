package contracts

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestBatchNamesEachBadIndex(t *testing.T) {
	b := BatchRequest{Missions: []MissionRequest{
		{Name: "good"}, {Name: ""}, {Name: "good", Labels: map[string]string{}}, {Name: "x", Kind: "K", MaxAttempts: 101},
	}}
	b.Normalize()
	var invalid *ValidationError
	if !errors.As(b.Validate(requestNow), &invalid) {
		t.Fatal("it is valid")
	}
	var got []string
	for _, f := range invalid.Fields {
		got = append(got, f.Field+" "+f.Code)
	}
	want := []string{"missions[1].name required", "missions[3].kind invalid", "missions[3].max_attempts too_large"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	b.Missions = b.Missions[:1]
	if err := b.Validate(requestNow); err != nil {
		t.Error(err)
	}
}

func TestBatchSize(t *testing.T) {
	for n, code := range map[int]string{0: "too_small", 1: "", 1000: "", 1001: "too_large"} {
		err := CheckBatchSize(n)
		var invalid *ValidationError
		if errors.As(err, &invalid) != (code != "") || code != "" && (invalid.Fields[0].Field != "missions" ||
			invalid.Fields[0].Code != code || !strings.Contains(err.Error(), "1 to 1000")) {
			t.Errorf("%d: %v", n, err)
		}
		if full := (BatchRequest{Missions: slices.Repeat([]MissionRequest{{}}, n)}); code != "" && full.Validate(requestNow).Error() != err.Error() {
			t.Errorf("%d: %v", n, full.Validate(requestNow))
		}
	}
}
