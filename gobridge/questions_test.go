package main

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestAQuestionIsAnsweredOnce(t *testing.T) {
	answers := make(chan string)
	go func() {
		answer, err := ask(context.Background(), patience, 7, []byte(`"what"`))
		if err != nil {
			t.Error(err)
		}
		answers <- string(answer)
	}()
	var questions [][4]any
	eventually(t, "the question", func() bool {
		data, err := inquiries.take()
		check(t, err)
		questions = decode[[][4]any](t, data)
		return len(questions) > 0
	})
	q := questions[0]
	if left := time.Duration(q[2].(float64)); q[0] != 7.0 || q[3] != "what" || left <= 0 || left > patience {
		t.Errorf("the question is %v", q)
	}
	number := uint64(q[1].(float64))
	answerQuestion(number, []byte("that"))
	answerQuestion(number, []byte("no, this"))
	if answer := <-answers; answer != "that" {
		t.Errorf("the answer is %q", answer)
	}
}

func TestNobodyWaitsLongerThanHeWants(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ask(ctx, patience, 7, []byte("0")); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	data, err := inquiries.take()
	check(t, err)
	for _, q := range decode[[][4]any](t, data) {
		answerQuestion(uint64(q[1].(float64)), nil) // too late, and heard by nobody
	}
	if n := asked.size(); n > 0 {
		t.Errorf("%d questions are left", n)
	}
}

func TestAQuestionWaitsForItsTimeOnly(t *testing.T) {
	if _, err := ask(context.Background(), time.Millisecond, 7, []byte("0")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	_, err := inquiries.take() // nobody wants to know it any more
	check(t, err)
}
