package inspect

import (
	"testing"
)

func TestProducerDate(t *testing.T) {
	tests := map[int32]string{
		-1: "", 0: "", 15: "2016-09-14", 29: "2019-03-25", 30: "2019-05-09", 38: "2019-05-17", 2474: "2026-01-16", 1 << 30: "",
	}
	for producer, want := range tests {
		if got := producerDate(producer); got != want {
			t.Errorf("producerDate(%d) = %q, want %q", producer, got, want)
		}
	}
}
