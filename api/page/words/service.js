/**
 * What the service says in English sentences (warnings, reasons, errors) in the language chosen.
 * What is not known here stands as it came: another language is better than a guess.
 */
import { language } from '../state/look.js';

/** @typedef {[RegExp, (...found: string[]) => string]} Sentence */

/** What a file is that is no picture. @type {Record<string, string>} */
const KINDS = {
  'a video': '视频', 'a sound': '音频', 'a PDF document': 'PDF 文档', 'a zip archive': 'ZIP 压缩包',
  'a packed file': '压缩文件', 'an SVG drawing': 'SVG 矢量图', 'a web page': '网页',
};
/** What values of a field are. @type {Record<string, string>} */
const TYPES = { texts: '文字', numbers: '数字', places: '地点', number: '数字', date: '日期' };

/** @param {string} list such as "texts and numbers" */
const types = (list) => list.split(' and ').map((one) => TYPES[one] ?? one).join('和');
/** @param {string} list of names @param {string} none what is said where there is none */
const names = (list, none) => (list === 'none' ? none : list.replaceAll(', ', '、'));

/** Why a copy is the lesser one. @type {Record<string, string>} */
const FLAWS = {
  'has a border': '有边框', cropped: '被裁剪', 'turned or mirrored': '被旋转或镜像', grey: '是灰度图',
  'something drawn on it': '画面上有添加的内容', enlarged: '是放大的', 'fewer pixels': '像素较少', 'fewer bytes': '文件较小',
  'the same file': '文件相同', 'stored later': '入库较晚',
};

/** Sentences end with a full stop in some places and not in others. @type {Sentence[]} */
const ZH = [
  // 搜索
  [/^no record has a field '(.*)'; there are: (.*)$/, (field, there) => `没有记录含有字段“${field}”；现有字段：${names(there, '无')}`],
  [/^the field '(.*)' holds texts, not numbers; count its values$/, (field) => `字段“${field}”的内容是文字而不是数字，无法按区间统计`],
  [/^the field '(.*)' holds (.*), and is compared with others$/, (field, held) => `字段“${field}”的内容是${types(held)}，与筛选条件的类型不符`],
  [/^the words of this collection are still being read in \((.*) are there\), so .*$/, (share) => `此图库的文字仍在读入（已完成 ${share}），按文字查找的结果还不完整，请稍后再试`],
  [/^no record has a (.*) that begins with '(.*)'; there is (.*); letters count as written$/, (field, value, there) => `没有记录的“${field}”以“${value}”开头；现有 ${names(there, '')}（区分大小写）`],
  [/^no record has a (.*) '(.*)'; there is (.*); letters count as written$/, (field, value, there) => `没有记录的“${field}”是“${value}”；现有 ${names(there, '')}（区分大小写）`],
  [/^the field '(.*)' holds dates, and '(.*)' is none; .*$/, (field, value) => `字段“${field}”的内容是日期，而“${value}”不是日期`],
  [/^the field '(.*)' holds numbers, and is compared with a time; .*$/, (field) => `字段“${field}”的内容是数字，不能与日期比较`],
  // 文件
  [/^it is (an? .*), and no picture$/, (kind) => `这是${/^[A-Z]/.test(KINDS[kind] ?? kind) ? ' ' : ''}${KINDS[kind] ?? kind}，不是图片`],
  [/^no suffix is not a picture format read here$/, () => '没有扩展名，不是此处支持的图片格式'],
  [/^(\.\S+) is not a picture format read here$/, (suffix) => `${suffix} 不是此处支持的图片格式`],
  [/^the content is damaged, or in no picture format Binocle reads$/, () => '文件已损坏，或不是支持的图片格式'],
  [/^the file is empty$/, () => '文件是空的'],
  [/^the file ends before the picture does.*$/, () => '图片文件不完整，可能在传输中被截断'],
  [/^the picture is damaged.*$/, () => '图片已损坏'],
  [/^(.+) x (.+) pixels are more than the limit of ([\d,]+).*$/, (width, height, most) => `${width} × ${height} 像素，超过 ${most} 像素的上限`],
  [/^([\d,]+) bytes are more than the limit of ([\d,]+)$/, (size, most) => `${size} 字节，超过 ${most} 字节的上限`],
  [/^decoding needs more memory than one picture may have$/, () => '解码所需内存超过单张图片的上限'],
  [/^decoding took longer than (.*) s$/, (seconds) => `解码超过 ${seconds} 秒`],
  [/^the decoder process died on it$/, () => '解码此图片时解码进程崩溃'],
  [/^JPEG XL is read where its plugin is installed: (.*)$/, (command) => `读取 JPEG XL 需要安装插件：${command}`],
  [/^the preview of a RAW file is read where rawpy is installed: (.*)$/, (command) => `读取 RAW 文件需要安装 rawpy：${command}`],
  [/^the RAW file has no preview that can be read$/, () => '此 RAW 文件没有可读取的预览图'],
  [/^line ([\d,]+): it has ([\d,]+) cells, and the table ([\d,]+) columns; .*$/, (line, cells, columns) => `第 ${line} 行有 ${cells} 个单元格，而表格只有 ${columns} 列；请给含有分隔符的单元格加上引号`],
  [/^line ([\d,]+): a quote in it is not closed; .*$/, (line) => `第 ${line} 行的引号没有闭合`],
  [/^(.*) is a workbook; save its sheet as CSV .*$/, (path) => `${path} 是 Excel 等表格软件的工作簿；请将工作表另存为 CSV（UTF-8）后再索引`],
  // 密钥
  [/^the API key is not known$/, () => '密钥不正确'],
  [/^the API key is not known any more, or has expired$/, () => '密钥已失效'],
  [/^the API key expired at (.*)$/, (when) => `密钥已于 ${when} 过期`],
  // 副本
  [/^(has a border|cropped|turned or mirrored|grey|something drawn on it|enlarged|fewer pixels|fewer bytes|the same file|stored later)(?:, (.*))?$/, (first, rest) => `${FLAWS[first]}${rest ? `，${zh(rest)}` : ''}`],
  // 索引
  [/^(.*): ([\d,]+) of ([\d,]+) values are no (\w+), such as '(.*)'; the records keep them.*$/, (field, strays, all, type, example) => `“${field}”：${all} 个值中有 ${strays} 个不是${TYPES[type] ?? type}，例如“${example}”；记录中保留原值，但筛选、排序和统计会略过它们`],
  [/^(.*): beside decimal commas '(.*)' may be .*$/, (field, example) => `“${field}”：“${example}”中的逗号可能是小数点，也可能是千位分隔符，因此此列按文字处理`],
  [/^(.*): id (.*?) (twice|[\d,]+ times)(?: and ([\d,]+) more ids several times)?, in the column '(.*)'; .*$/, (file, id, times, more, column) => `${file}：“${column}”列中编号 ${id} 出现 ${times === 'twice' ? '2' : times.replace(' times', '')} 次${more ? `，另有 ${more} 个编号重复` : ''}；同一编号的各行合为一条记录`],
  // 排序规则
  [/^'(.*)' names the record '(.*)', which is not there$/, (query, id) => `“${query}”中的记录 ${id} 不存在`],
  [/^the boost '(.*)': no record has the field '(.*)'$/, (boost, field) => `加权“${boost}”：没有记录含有字段“${field}”`],
  [/^the boost '(.*)' needs (\w+?)s, and the field '(.*)' is (\w+); .*$/, (boost, needed, field) => `加权“${boost}”需要${TYPES[needed] ?? needed}，但字段“${field}”的类型不同；不符的值按 0 计算`],
  [/^the boost '(.*?)': (.*)$/, (boost, rest) => `加权“${boost}”：${zh(rest)}`],
];

/** @param {string} sentence */
function zh(sentence) {
  for (const [pattern, said] of ZH) {
    const found = sentence.match(pattern);
    if (found) return said(...found.slice(1));
  }
  return sentence;
}

/**
 * Say what the service said.
 * @param {string} sentence
 */
export function spoken(sentence) {
  return language.value === 'zh' ? zh(sentence) : sentence;
}

/** Whether it is known what a sentence says in the language chosen. @param {string} sentence */
export function isSpoken(sentence) {
  return language.value !== 'zh' || zh(sentence) !== sentence;
}
