#include "aacft/chat/commands.h"

#include <gtest/gtest.h>

#include "aacft/base/error.h"
#include "chat/script.h"

namespace aacft::testing {
namespace {

class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest() {
    commands.add("/save", "FILE", "saves", [this](const std::string& file) { got.push_back("save " + file); });
    commands.add("/voice", "[NAME]", "speaks", [this](const std::string& name) { got.push_back("voice " + name); });
    commands.add("/undo", "", "undoes", [](const std::string&) { throw Error("nothing to undo"); });
  }
  std::string notes_of(const char* line) {
    console.notes.clear();
    EXPECT_TRUE(commands.take(line)) << line;
    return console.notes;
  }
  ScriptedConsole console;
  Commands commands{console};
  std::vector<std::string> got;
};

TEST_F(CommandsTest, GetWhatStandsBehindThem) {
  for (const char* line : {"/save my file.json ", "  /voice\tanna", "/voice"}) EXPECT_EQ(notes_of(line), "") << line;
  EXPECT_EQ(got, (std::vector<std::string>{"save my file.json", "voice anna", "voice "}));
}

TEST_F(CommandsTest, ExplainWhatIsWrong) {
  EXPECT_EQ(notes_of("/sav x"), "there is no command /sav; did you mean /save?\n");
  EXPECT_EQ(notes_of("/"), "there is no command /; there are /help, /exit, /save, /voice, /undo\n");
  EXPECT_EQ(notes_of("/save"), "/save needs something behind it: /save FILE\n");
  EXPECT_EQ(notes_of("/undo now"), "/undo takes nothing behind it\n");
  EXPECT_EQ(notes_of("/undo"), "nothing to undo\n");
  EXPECT_EQ(notes_of("/xyz\x1b[31m"), "there is no command /xyz?[31m; there are /help, /exit, /save, /voice, /undo\n");
  EXPECT_TRUE(got.empty());
}

TEST_F(CommandsTest, HelpShowsAllOfThem) {
  EXPECT_EQ(notes_of("/help"),
            "/help          what can be typed here\n"
            "/exit          ends; so does Ctrl-D\n"
            "/save FILE     saves\n"
            "/voice [NAME]  speaks\n"
            "/undo          undoes\n"
            "//...          says what begins with a /\n");
}

TEST_F(CommandsTest, LeaveTheRestToTheModel) {
  for (const char* line : {"", "hello /help", "//help", "1/2"}) EXPECT_FALSE(commands.take(line)) << line;
  EXPECT_EQ(said_in(" //help"), "/help");
  EXPECT_EQ(said_in(" hello // "), "hello //");
  EXPECT_FALSE(commands.exit_wanted());
  commands.take("/exit");
  EXPECT_TRUE(commands.exit_wanted());
}

}  // namespace
}  // namespace aacft::testing
