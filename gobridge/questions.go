package main

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

// mostQuestions may wait for an answer at once; those beyond have none.
const mostQuestions = 10_000

// question is something that Python decides or knows. Go never calls Python: the question waits until Python has
// taken and answered it, or nobody needs to know any more.
type question struct {
	number   uint64
	whom     uint64 // a number of Python's
	deadline time.Time
	data     json.RawMessage
	answer   chan []byte // takes one
}

// MarshalJSON makes an array of it, with the time that is left.
func (q *question) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{q.whom, q.number, time.Until(q.deadline), q.data})
}

// inquiry is the queue of the questions that Python has not taken yet.
type inquiry struct {
	mu      sync.Mutex
	waiting []*question
	wake    int64
}

var (
	inquiries = inquiry{wake: nobody}
	asked     table[*question]
)

// ask waits for the answer to a question. The caller holds no lock of the server's.
func ask(ctx context.Context, timeout time.Duration, whom uint64, data []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	q := &question{whom: whom, deadline: time.Now().Add(timeout), data: data, answer: make(chan []byte, 1)}
	q.number = asked.add(q)
	defer func() { _, _ = asked.take(q.number) }()
	if asked.size() > mostQuestions {
		return nil, faultf(codeState, "too many questions wait for an answer")
	}
	inquiries.put(q)
	select {
	case answer := <-q.answer:
		return answer, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// answerQuestion gives the answer to whom waits for it; if it is too late for that, nobody hears it.
func answerQuestion(number uint64, answer []byte) {
	if q, err := asked.take(number); err == nil {
		q.answer <- answer
	}
}

func (i *inquiry) put(q *question) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.waiting = append(i.waiting, q)
	if len(i.waiting) == 1 { // else Python has been told of those before it, and takes all
		i.tell()
	}
}

func (i *inquiry) tell() {
	if len(i.waiting) > 0 && i.wake != nobody {
		wake(i.wake)
	}
}

func (i *inquiry) open(writer int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.wake = writer
	i.tell()
}

// take gives the questions that wait, as JSON [[whom, number, timeout_ns, data], ...].
func (i *inquiry) take() ([]byte, error) {
	i.mu.Lock()
	taken := i.waiting
	i.waiting = nil
	i.mu.Unlock()
	if taken == nil {
		taken = []*question{}
	}
	return json.Marshal(taken)
}
