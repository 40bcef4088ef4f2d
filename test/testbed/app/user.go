package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
)

type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// runUser checks a guest's password.
func runUser(_ []string) error {
	s := newServer("user")
	accounts, err := newTable(s, "user:accounts", demoAccounts)
	if err != nil {
		return err
	}
	s.route("POST /check", func(w http.ResponseWriter, r *http.Request) error {
		var given credentials
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&given); err != nil || given.Username == "" {
			return badRequest("the body must be JSON with username and password")
		}
		raw, err := accounts.read(r.Context(), []string{given.Username})
		if err != nil {
			return err
		}
		hashes, err := decodeRows[string](raw)
		if err != nil {
			return err
		}
		correct := len(hashes) == 1 &&
			subtle.ConstantTimeCompare([]byte(hashes[0]), []byte(hashed(given.Username, given.Password))) == 1
		writeJSON(w, http.StatusOK, map[string]bool{"correct": correct})
		return nil
	})
	return s.listen(setting("LISTEN", ":8086"))
}

func demoAccounts() map[string]any {
	rows := map[string]any{}
	for number := range demoUsers {
		name := fmt.Sprintf("%s%d", userPrefix, number)
		rows[name] = hashed(name, demoPassword(number))
	}
	return rows
}

// hashed is enough for generated demo accounts; it is not how to store the passwords of people.
func hashed(username, password string) string {
	sum := sha256.Sum256([]byte(username + "\x00" + password))
	return hex.EncodeToString(sum[:])
}
