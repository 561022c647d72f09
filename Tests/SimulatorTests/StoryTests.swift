import Testing

@testable import Simulator

@Suite struct StoryTests {
    @Test(arguments: [
        ([], "[]"), ([4], "[4]"), ([4, 5], "[4, 5]"), ([0, 1, 2, 4, 6, 7, 8, 9], "[0–2, 4, 6–9]"),
    ])
    func `numbers of writes are told as the runs that they are`(_ numbers: [Int], _ text: String) {
        #expect(Story.numbers(numbers) == text)
    }
}
