// Prices: a program, and functions that can be called.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Item is one line of a bill.
type Item struct {
	Name  string  `json:"name"`
	Price float64 `json:"price"`
	Count int     `json:"count,omitempty"`
}

// Discounted is what is left of a price.
func Discounted(price float64, percent int) float64 {
	return price * float64(100-percent) / 100
}

// Total is the sum of a bill, which must not be empty.
func Total(items []Item) (float64, error) {
	if len(items) == 0 {
		return 0, errors.New("there is nothing to pay for")
	}
	sum := 0.0
	for _, item := range items {
		sum += item.Price * float64(max(item.Count, 1))
	}
	return sum, nil
}

func main() {
	fmt.Println("prices of", strings.Join(os.Args[1:], " and "))
}
