/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls, and what is answered to them. */

#include <sys/socket.h>

#include "daemon/varlink/varlink-service.h"
#include "lib/base/json.h"
#include "tests/lib/varlink-fixture.h"

TEST(a_call_is_answered) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_reply(&f, ECHO("{\"text\":\"hello\"}"), "{\"parameters\":{\"text\":\"hello\"}}");
        check_next(&f, NULL);
        CHECK(is_connected(&f));
}

TEST(parameters_are_held_to_their_table) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_reply(&f, ECHO("{}"), INVALID("text"));
        check_reply(&f, ECHO("{\"text\":null}"), INVALID("text"));
        check_reply(&f, ECHO("{\"text\":1}"), INVALID("text"));
        check_reply(&f, ECHO("{\"text\":\"\",\"other\":1}"), INVALID("other"));
        check_reply(&f, ECHO("{\"text\":\"\",\"flag\":0}"), INVALID("flag"));
        check_reply(&f, ECHO("{\"text\":\"\",\"words\":[\"\",1]}"), INVALID("words"));
        check_reply(&f, ECHO("{\"text\":\"\",\"words\":\"\"}"), INVALID("words"));
        check_reply(&f, ECHO("{\"text\":\"\",\"id\":-1}"), INVALID("id"));
        check_reply(&f, ECHO("{\"text\":\"\",\"id\":4294967296}"), INVALID("id"));
        check_reply(&f, ECHO("{\"text\":\"\",\"id\":1.0}"), INVALID("id"));
        check_reply(&f, ECHO("{\"text\":\"\",\"things\":[[]]}"), INVALID("things"));
        CHECK(f.n_echoes == 0);

        check_reply(&f, ECHO("{\"text\":\"\",\"flag\":null}"),
                    "{\"parameters\":{\"text\":\"\",\"flag\":null}}");
        check_reply(&f, ECHO("{\"text\":\"\",\"words\":[],\"id\":4294967295,\"things\":[{}],\"any\":[]}"),
                    "{\"parameters\":{\"text\":\"\",\"words\":[],\"id\":4294967295,"
                    "\"things\":[{}],\"any\":[]}}");
}

TEST(what_is_not_there_is_told_by_name) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_reply(&f, "{\"method\":\"org.example.Other.Echo\"}",
                    "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":"
                    "\"org.example.Other\"}}");
        check_reply(&f, "{\"method\":\"nodots\"}",
                    "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":"
                    "\"nodots\"}}");
        check_reply(&f, "{\"method\":\"org.example.Test.Nope\"}",
                    "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":"
                    "\"org.example.Test.Nope\"}}");
        check_reply(&f, "{\"method\":\"org.example.Test.\"}",
                    "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":"
                    "\"org.example.Test.\"}}");
        check_reply(&f, "{\"method\":\"org.example.Test.Slow\",\"upgrade\":true}",
                    "{\"error\":\"org.varlink.service.MethodNotImplemented\",\"parameters\":{\"method\":"
                    "\"org.example.Test.Slow\"}}");
        check_reply(&f, "{\"method\":\"org.example.Test.Count\",\"parameters\":{\"to\":1}}",
                    "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}");
        CHECK(f.n_slow == 0);
}

TEST(a_service_describes_itself) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *info = NULL;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.varlink.service.GetInfo\"}");
        info = next_message(&f);
        CHECK(strstr(info, "\"interfaces\":[\"org.varlink.service\",\"io.systemd.service\","
                           "\"org.example.Test\"]"));

        check_reply(&f, "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":"
                        "{\"interface\":\"org.example.Test\"}}",
                    "{\"parameters\":{\"description\":\"interface org.example.Test\\n\"}}");
        check_reply(&f, "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":"
                        "{\"interface\":\"org.example\"}}",
                    "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":"
                    "\"org.example\"}}");
}

TEST(descriptions_name_their_interface) {
        CHECK(strstr(varlink_service_interface.description, "\ninterface org.varlink.service\n"));
        CHECK(strstr(varlink_systemd_interface.description, "\ninterface io.systemd.service\n"));
}

TEST(a_daemon_answers_a_ping) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_reply(&f, "{\"method\":\"io.systemd.service.Ping\",\"parameters\":null}",
                    "{\"parameters\":{}}");
        check_reply(&f, "{\"method\":\"io.systemd.service.SetLogLevel\",\"parameters\":{\"level\":8}}",
                    INVALID("level"));
}

TEST(what_is_no_call_ends_the_connection) {
        static const char *const garbage[] = {
                "", "x", "[]", "\"text\"", "null", "{", "{}", "{\"method\":1}", "{\"method\":null}",
                "{\"method\":\"a.B\"} trailing", "{\"method\":\"a.B\",\"method\":\"a.B\"}",
                "{\"method\":\"a.B\",\"parameters\":[]}", "{\"method\":\"a.B\",\"more\":1}",
                "{\"method\":\"a.B\",\"more\":true,\"oneway\":true}", "{\"method\":\"a\\u0000b\"}",
                "{\"method\":\"\xff\"}",
        };

        for (size_t i = 0; i < ELEMENTSOF(garbage); i++) {
                _cleanup_(fixture_done) Fixture f;

                fixture_init(&f);
                send_call(&f, garbage[i]);
                check_next(&f, NULL);
                CHECK(!is_connected(&f));
        }
}

TEST(a_call_may_come_byte_by_byte) {
        static const char call[] = ECHO("{\"text\":\"slowly\"}");
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        for (size_t i = 0; i < sizeof(call) - 1; i++) {
                send_bytes(&f, call + i, 1);
                check_next(&f, NULL);
        }
        send_bytes(&f, "", 1);
        check_next(&f, "{\"parameters\":{\"text\":\"slowly\"}}");
}

TEST(half_a_call_is_forgotten_with_its_client) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_bytes(&f, ECHO("{\"text\":\"cut\"}"), 20);
        fixture_settle(&f);
        CHECK_OK(shutdown(f.client.fd, SHUT_WR));
        check_next(&f, NULL);
        CHECK(!is_connected(&f));
}

TEST(a_call_may_be_large_but_not_too_large) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *large = call_of_size(VARLINK_MESSAGE_MAX);
        _cleanup_free_ char *reply = NULL, *too_large = call_of_size(VARLINK_MESSAGE_MAX + 1);

        fixture_init(&f);
        send_call(&f, large);
        for (unsigned i = 0; i < 100 && !reply; i++)
                reply = next_message(&f);
        CHECK(reply);
        CHECK(strlen(reply) > VARLINK_MESSAGE_MAX - 64);

        send_call(&f, too_large);
        check_next(&f, NULL);
        CHECK(!is_connected(&f));
        CHECK(f.n_echoes == 1);
}

TEST(bytes_without_end_are_cut) {
        _cleanup_(fixture_done) Fixture f;
        char blanks[4096];

        fixture_init(&f);
        memset(blanks, ' ', sizeof(blanks));
        for (size_t n = 0; n <= VARLINK_MESSAGE_MAX && is_connected(&f); n += sizeof(blanks)) {
                send_bytes(&f, blanks, sizeof(blanks));
                fixture_settle(&f);
        }
        CHECK(!is_connected(&f));
}

TEST(depth_and_number_of_values_are_bounded) {
        char deep[512] = "{\"method\":\"org.example.Test.Echo\",\"parameters\":{\"any\":";
        _cleanup_free_ char *many = calloc(2, JSON_VALUES_MAX + 64);
        const char *brackets = "{\"method\":\"a.B\",\"parameters\":{\"t\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[\"}}";
        VarlinkMessage m;

        memset(deep + strlen(deep), '[', JSON_DEPTH_MAX);
        CHECK_ERR(varlink_message_parse(deep, strlen(deep), &m), EBADMSG);

        CHECK(many);
        strcpy(many, "{\"method\":\"a.B\",\"parameters\":{\"any\":[0");
        for (size_t i = 0; i < JSON_VALUES_MAX; i++)
                strcpy(many + strlen("{\"method\":\"a.B\",\"parameters\":{\"any\":[0") + 2 * i, ",0");
        strcat(many, "]}}");
        CHECK_ERR(varlink_message_parse(many, strlen(many), &m), EBADMSG);

        /* What only looks deep is not. */
        CHECK_OK(varlink_message_parse(brackets, strlen(brackets), &m));
        varlink_message_done(&m);
}

TEST(calls_are_answered_in_their_order) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, SLOW);
        send_call(&f, ECHO("{\"text\":\"second\"}"));
        check_next(&f, NULL);
        CHECK(f.n_slow == 1);
        CHECK(f.n_echoes == 0);

        varlink_call_reply(TAKE_PTR(f.slow), json_object());
        check_next(&f, "{\"parameters\":{}}");
        check_next(&f, "{\"parameters\":{\"text\":\"second\"}}");
}

TEST(one_way_calls_have_no_reply) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        send_call(&f, "{\"method\":\"org.example.Test.Echo\",\"oneway\":true,"
                      "\"parameters\":{\"text\":\"\"}}");
        send_call(&f, "{\"method\":\"org.example.Test.Nope\",\"oneway\":true}");
        send_call(&f, "{\"method\":\"org.example.Test.Open\",\"oneway\":true}");
        check_reply(&f, ECHO("{\"text\":\"two\"}"), "{\"parameters\":{\"text\":\"two\"}}");
        CHECK(f.n_echoes == 2);
}

TEST(a_call_may_have_many_replies) {
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        check_reply(&f, "{\"method\":\"org.example.Test.Count\",\"parameters\":{\"to\":2},\"more\":true}",
                    "{\"parameters\":{\"n\":0},\"continues\":true}");
        check_next(&f, "{\"parameters\":{\"n\":1},\"continues\":true}");
        check_next(&f, "{\"parameters\":{\"n\":2}}");
        check_next(&f, NULL);
}

TEST_MAIN()
